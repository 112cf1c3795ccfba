"""Makes the Grafana dashboard from the table below: rows of panels, each with a question and what it shows.

`--check` writes nothing, and fails when what is in the repository is not what would be written.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "k8s/components/observability/files/dashboard.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 24, 7  # of Grafana's grid: a row of panels
JOB = 'job=~"$job"'
PEOPLE = f'{JOB}, route!~"/api/[a-z]+/internal/.*"'  # what people ask, not services each other


def rate(metric: str, by: str, where: str = JOB) -> str:
    """How much a counter grows per second."""
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def quantile(q: float, metric: str, by: str, where: str = JOB) -> str:
    """What all but a few stay below."""
    buckets = rate(f"{metric}_bucket", f"{by}, le", where)
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
                "p95 (s)": "histogram_quantile(0.95, sum by (le) (rate(password_hash_seconds_bucket[$__rate_interval])))",
                "refused/s": "sum(rate(password_hashes_refused_total[$__rate_interval]))",
            },
        ),
        (
            "Pages found in memory",
            "percentunit",
            {
                "hits": share(
                    'sum(rate(page_cache_requests_total{result="hit"}[$__rate_interval]))',
                    "sum(rate(page_cache_requests_total[$__rate_interval]))",
                )
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


def dashboard() -> dict[str, Any]:
    """What Grafana loads."""
    return {
        "uid": "todolist",
        "title": "Todolist",
        "description": "What each alert means: docs/operations.md",
        "tags": ["todolist"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_jobs()]},
        "panels": _panels(),
    }


def _jobs() -> dict[str, Any]:
    query = "label_values(up, job)"
    choice = {"multi": True, "includeAll": True, "current": {"text": "All", "value": "$__all"}, "refresh": 2}
    return {
        "name": "job",
        "label": "Process",
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        **choice,
    }


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS.items():
        made.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            place = {"x": column * width, "y": y + 1, "w": width, "h": HEIGHT}
            made.append(_panel(*panel, place))
        y += HEIGHT + 1
    return [{"id": number, **panel} for number, panel in enumerate(made, 1)]


def _panel(title: str, unit: str, queries: dict[str, str], place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + number), "expr": query, "legendFormat": legend}
            for number, (legend, query) in enumerate(queries.items())
        ],
    }


def text() -> str:
    """The file: a panel a line, so that a change shows as one."""
    made = dashboard()
    panels = ",\n    ".join(json.dumps(panel) for panel in made.pop("panels"))
    head = json.dumps(made, indent=2).removesuffix("\n}")
    return f'{head},\n  "panels": [\n    {panels}\n  ]\n}}\n'


def main(arguments: list[str]) -> int:
    """Write it, or with `--check` compare it with what is there."""
    if "--check" not in arguments:
        PLACE.write_text(text(), encoding="utf-8")
    elif not PLACE.exists() or PLACE.read_text(encoding="utf-8") != text():
        print(f"{PLACE.relative_to(ROOT)} is stale: run `make gen`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
