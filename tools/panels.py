"""What the Grafana dashboard shows: rows of panels, each with its unit and its queries by legend."""

JOB = 'job=~"$job"'
PEOPLE = f'{JOB}, route!~"/api/[a-z]+/internal/.*"'  # what people ask, not services each other


def rate(metric: str, by: str, where: str = JOB) -> str:
    """How much a counter grows per second."""
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(q: float, metric: str, by: str, where: str = JOB) -> str:
    """What all but a few stay below."""
    buckets = rate(f"{metric}_bucket", f"{by}, le".lstrip(", "), where)
    return f"histogram_quantile({q}, {buckets})"


def share(part: str, whole: str) -> str:
    """A part of the whole; 0 where nothing happens."""
    return f"({part} or {whole} * 0) / {whole}"


REQUESTS = "http_request_duration_seconds"
Panel = tuple[str, str, dict[str, str]]  # title, unit, {legend: query}

ROWS: dict[str, list[Panel]] = {
    "People": [
        ("Requests", "reqps", {"{{job}}": rate(f"{REQUESTS}_count", "job", PEOPLE)}),
        (
            "Failing (5xx)",
            "percentunit",
            {
                "{{job}}": share(
                    rate(f"{REQUESTS}_count", "job", f'{JOB}, status=~"5.."'),
                    rate(f"{REQUESTS}_count", "job"),
                )
            },
        ),
        (
            "Time to answer",
            "s",
            {
                "{{job}} p50": quantile(0.5, REQUESTS, "job", PEOPLE),
                "{{job}} p95": quantile(0.95, REQUESTS, "job", PEOPLE),
                "{{job}} p99": quantile(0.99, REQUESTS, "job", PEOPLE),
            },
        ),
        ("Sockets", "short", {"{{job}}": f"sum by (job) (live_sockets{{{JOB}}})"}),
    ],
    "By route": [
        (
            "Requests",
            "reqps",
            {"{{method}} {{route}}": f"topk(10, {rate(f'{REQUESTS}_count', 'method, route', PEOPLE)})"},
        ),
        (
            "Time to answer, p95",
            "s",
            {"{{method}} {{route}}": f"topk(10, {quantile(0.95, REQUESTS, 'method, route', PEOPLE)})"},
        ),
        (
            "Refused and failing",
            "reqps",
            {
                "{{status}} {{method}} {{route}}": "topk(10, "
                + rate(f"{REQUESTS}_count", "status, method, route", f'{PEOPLE}, status=~"[45].."')
                + ")"
            },
        ),
    ],
    "Live": [
        (
            "From event to screen",
            "s",
            {
                "{{job}} p50": quantile(0.5, "live_delivery_seconds", "job"),
                "{{job}} p95": quantile(0.95, "live_delivery_seconds", "job"),
            },
        ),
        ("Events behind", "short", {"{{job}} {{instance}}": f"live_lag_events{{{JOB}}}"}),
        (
            "Subscriptions and topics",
            "short",
            {
                "{{job}} subscriptions": f"sum by (job) (live_subscriptions{{{JOB}}})",
                "{{job}} topics": f"sum by (job) (live_topics{{{JOB}}})",
            },
        ),
        ("Waiting in sockets", "bytes", {"{{job}} {{instance}}": f"live_outbound_bytes{{{JOB}}}"}),
        (
            "Holes filled, slow readers",
            "short",
            {
                "{{job}} holes/s": rate("live_heals_total", "job"),
                "{{job}} too slow/s": rate("live_slow_readers_total", "job"),
            },
        ),
    ],
    "Log": [
        (
            "Time of a writing transaction",
            "s",
            {
                "{{job}} p50": quantile(0.5, "log_append_seconds", "job"),
                "{{job}} p95": quantile(0.95, "log_append_seconds", "job"),
            },
        ),
        (
            "Requests in a transaction",
            "short",
            {
                "{{job}} mean": f"{rate('log_append_batch_requests_sum', 'job')}"
                f" / {rate('log_append_batch_requests_count', 'job')}"
            },
        ),
        ("Writes waiting", "short", {"{{job}} {{instance}}": f"log_append_waiting_requests{{{JOB}}}"}),
        (
            "Publications",
            "short",
            {
                "{{job}} waiting": f"sum by (job) (log_publications_waiting{{{JOB}}})",
                "{{job}} lost/s": rate("log_publications_lost_total", "job"),
            },
        ),
        ("Run again", "cps", {"{{job}}": rate("log_transaction_retries_total", "job")}),
    ],
    "Following": [
        (
            "Seconds behind",
            "s",
            {
                "{{job}} {{topic}}": "time() - max by (job, topic) (follower_caught_up_timestamp_seconds)",
                "{{job}} {{topic}} event's age": "max by (job, topic) (follower_lag_seconds)",
            },
        ),
        ("Events behind", "short", {"{{job}} {{topic}}": "max by (job, topic) (follower_lag_events)"}),
        (
            "Applied",
            "cps",
            {"{{job}} {{topic}}": "sum by (job, topic) (rate(follower_applied_total[$__rate_interval]))"},
        ),
        (
            "Failing",
            "cps",
            {"{{job}} {{topic}}": "sum by (job, topic) (rate(follower_failures_total[$__rate_interval]))"},
        ),
    ],
    "MySQL, Redis, passwords": [
        (
            "MySQL and Redis reached",
            "short",
            {
                "{{job}} MySQL": f"min by (job) (mysql_connected{{{JOB}}})",
                "{{job}} Redis": f"min by (job) (redis_subscribed{{{JOB}}})",
                "{{job}} settings missing": f"max by (job) (mysql_settings_missing{{{JOB}}})",
            },
        ),
        (
            "Connections in use",
            "percentunit",
            {
                "{{job}} {{pool}}": f"sum by (job, pool) (db_pool_in_use{{{JOB}}})"
                f" / sum by (job, pool) (db_pool_size{{{JOB}}})"
            },
        ),
        (
            "Waiting for a connection",
            "short",
            {
                "{{job}} {{pool}}": f"sum by (job, pool) (db_pool_waiting{{{JOB}}})",
                "{{job}} {{pool}} 503/s": rate("db_pool_timeouts_total", "job, pool"),
            },
        ),
        (
            "Passwords",
            "short",
            {
                "pending": "sum(password_hashes_pending)",
                "p95 (s)": quantile(0.95, "password_hash_seconds", "", ""),
                "refused/s": "sum(rate(password_hashes_refused_total[$__rate_interval]))",
            },
        ),
        (
            "Pages in memory",
            "short",
            {
                "MiB": "sum(page_cache_bytes) / 1048576",
                "share found": share(
                    'sum(rate(page_cache_requests_total{result="hit"}[$__rate_interval]))',
                    "sum(rate(page_cache_requests_total[$__rate_interval]))",
                ),
            },
        ),
    ],
    "Processes": [
        (
            "Cores used",
            "short",
            {"{{job}} {{instance}}": f"rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval])"},
        ),
        ("Memory", "bytes", {"{{job}} {{instance}}": f"process_resident_memory_bytes{{{JOB}}}"}),
        ("Requests under way", "short", {"{{job}} {{instance}}": f"http_requests_in_flight{{{JOB}}}"}),
        (
            "Versions",
            "short",
            {"{{service}} {{role}} {{version}}": "sum by (service, role, version) (todolist_build_info)"},
        ),
    ],
}
