"""What each alert needs to fire, in promtool's notation; everything else is as in a healthy system."""

HTTP = "http_request_duration_seconds"
POST = 'job="todo",instance="t:8000",method="POST",route="/api/todo/lists"'
TODO, CHAT_WORKER = 'job="todo",instance="t:8000"', 'job="chat-worker",instance="w:8000"'
LISTS = f'{CHAT_WORKER},source="todo",topic="lists"'

HEALTHY: dict[str, str] = {
    **{
        f'up{{job="{name}{kind}",instance="{name}{kind}:8000"}}': "1x120"
        for name in ("auth", "todo", "chat")
        for kind in ("", "-worker")
    },
    f"process_start_time_seconds{{{TODO}}}": "1000x120",
    f"process_cpu_seconds_total{{{TODO}}}": "0+6x120",  # a tenth of a core
    f"process_open_fds{{{TODO}}}": "100x120",
    f"process_max_fds{{{TODO}}}": "1024x120",
    f'{HTTP}_count{{{POST},status="201"}}': "0+60x120",
    f'{HTTP}_count{{{POST},status="503"}}': "0x120",
    f'{HTTP}_bucket{{{POST},status="201",le="0.1"}}': "0+60x120",
    f'{HTTP}_bucket{{{POST},status="201",le="5"}}': "0+60x120",
    f'{HTTP}_bucket{{{POST},status="201",le="+Inf"}}': "0+60x120",
    'password_hashes_refused_total{job="auth",instance="a:8000"}': "0x120",
    f"mysql_connected{{{TODO}}}": "1x120",
    f"mysql_settings_missing{{{TODO}}}": "0x120",
    f"redis_subscribed{{{TODO}}}": "1x120",
    f'db_pool_timeouts_total{{{TODO},pool="reads"}}': "0x120",
    f'log_append_seconds_bucket{{{TODO},le="0.01"}}': "0+60x120",
    f'log_append_seconds_bucket{{{TODO},le="5"}}': "0+60x120",
    f'log_append_seconds_bucket{{{TODO},le="+Inf"}}': "0+60x120",
    f"log_append_waiting_requests{{{TODO}}}": "3x120",
    f"log_publications_lost_total{{{TODO}}}": "0x120",
    f'live_delivery_seconds_bucket{{{TODO},le="0.05"}}': "0+60x120",
    f'live_delivery_seconds_bucket{{{TODO},le="10"}}': "0+60x120",
    f'live_delivery_seconds_bucket{{{TODO},le="+Inf"}}': "0+60x120",
    f"live_lag_events{{{TODO}}}": "0x120",
    f"live_slow_readers_total{{{TODO}}}": "0x120",
    f"follower_failures_total{{{LISTS}}}": "0x120",
    f"follower_caught_up_timestamp_seconds{{{LISTS}}}": "0+60x120",  # promtool's clock begins at 0
}


def _slow(histogram: str, labels: str, quick: str) -> dict[str, str]:
    """Nothing is as quick as it should be."""
    return {f'{histogram}_bucket{{{labels},le="{quick}"}}': "0x120"}


CASES: dict[str, dict[str, str]] = {
    "ServiceMissing": {'up{job="chat",instance="chat:8000"}': "1x10 _x110"},
    "WorkerMissing": {'up{job="chat-worker",instance="chat-worker:8000"}': "1x10 _x110"},
    "ProcessDown": {'up{job="chat",instance="chat-2:8000"}': "0x120"},
    "Restarting": {f"process_start_time_seconds{{{TODO}}}": "1000+10x120"},
    "CoreBusy": {f"process_cpu_seconds_total{{{TODO}}}": "0+58x120"},
    "DescriptorsRunOut": {f"process_open_fds{{{TODO}}}": "1000x120"},
    "RequestsFail": {f'{HTTP}_count{{{POST},status="503"}}': "0+2x120"},
    "RequestsSlow": _slow(HTTP, f'{POST},status="201"', "0.1"),
    "SignInsRefused": {'password_hashes_refused_total{job="auth",instance="a:8000"}': "0+1x120"},
    "MySQLAway": {f"mysql_connected{{{TODO}}}": "0x120"},
    "MySQLSettings": {f"mysql_settings_missing{{{TODO}}}": "1x120"},
    "RedisAway": {f"redis_subscribed{{{TODO}}}": "0x120"},
    "PoolExhausted": {f'db_pool_timeouts_total{{{TODO},pool="reads"}}': "0+1x120"},
    "WritesSlow": _slow("log_append_seconds", TODO, "0.01"),
    "WritesQueue": {f"log_append_waiting_requests{{{TODO}}}": "300x120"},
    "PublicationsLost": {f"log_publications_lost_total{{{TODO}}}": "0+1x120"},
    "ScreensLate": _slow("live_delivery_seconds", TODO, "0.05"),
    "HubBehind": {f"live_lag_events{{{TODO}}}": "5x120"},
    "SlowReaders": {f"live_slow_readers_total{{{TODO}}}": "0+5x120"},
    "FollowerStuck": {f"follower_failures_total{{{LISTS}}}": "0+1x120"},
    "FollowerBehind": {f"follower_caught_up_timestamp_seconds{{{LISTS}}}": "0+60x10 600x110"},
}
