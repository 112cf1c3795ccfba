"""What each alert needs to fire, in promtool's notation, and what it says then; all else is healthy."""

from typing import NamedTuple

HTTP = "http_request_duration_seconds"
POST = 'job="todo",instance="t:8000",method="POST",route="/api/todo/lists"'
TODO, CHAT_WORKER = 'job="todo",instance="t:8000"', 'job="chat-worker",instance="w:8000"'
LISTS = f'{CHAT_WORKER},source="todo",topic="lists"'
T = {"job": "todo", "instance": "t:8000"}
FOLLOWED = {"source": "todo", "topic": "lists"}

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
    f"live_delivery_seconds_count{{{TODO}}}": "0+60x120",
    f"live_slow_readers_total{{{TODO}}}": "0x120",
    f"follower_failures_total{{{LISTS}}}": "0x120",
    f"follower_caught_up_timestamp_seconds{{{LISTS}}}": "0+60x120",  # promtool's clock begins at 0
}


def _slow(histogram: str, labels: str, quick: str) -> dict[str, str]:
    """Nothing is as quick as it should be."""
    return {f'{histogram}_bucket{{{labels},le="{quick}"}}': "0x120"}


class Said(NamedTuple):
    """One alert: the labels it has besides its severity, and its summary as people read it."""

    labels: dict[str, str]
    summary: str


CASES: dict[str, tuple[dict[str, str], list[Said]]] = {
    "ServiceMissing": (
        {f'up{{job="{name}",instance="{name}:8000"}}': "1x10 _x110" for name in ("todo", "chat")},
        [
            Said({"job": "todo"}, "No process of todo answers: its part of the product is away."),
            Said({"job": "chat"}, "No process of chat answers: its part of the product is away."),
        ],
    ),
    "WorkerMissing": (
        {
            f'up{{job="{name}",instance="{name}:8000"}}': "1x10 _x110"
            for name in ("auth-worker", "chat-worker")
        },
        [
            Said(
                {"job": "auth-worker"},
                "No auth-worker answers: new lists get no rooms, or keys and old data are not looked after.",
            ),
            Said(
                {"job": "chat-worker"},
                "No chat-worker answers: new lists get no rooms, or keys and old data are not looked after.",
            ),
        ],
    ),
    "ProcessDown": (
        {'up{job="chat",instance="chat-2:8000"}': "0x120"},
        [
            Said(
                {"job": "chat", "instance": "chat-2:8000"},
                "chat-2:8000 of chat does not answer; the others carry its load.",
            )
        ],
    ),
    "Restarting": (
        {f"process_start_time_seconds{{{TODO}}}": "1000+10x120"},
        [Said(T, "t:8000 of todo has started 15 times in a quarter of an hour.")],
    ),
    "CoreBusy": (
        {f"process_cpu_seconds_total{{{TODO}}}": "0+58x120"},
        [Said(T, "t:8000 of todo uses all of its core: everybody on it waits.")],
    ),
    "DescriptorsRunOut": (
        {f"process_open_fds{{{TODO}}}": "1000x120"},
        [Said(T, "t:8000 of todo has used most of its file descriptors: soon no socket opens.")],
    ),
    "RequestsFail": (
        {f'{HTTP}_count{{{POST},status="503"}}': "0+2x120"},
        [Said({"job": "todo"}, "3.226% of the requests to todo fail.")],
    ),
    "RequestsSlow": (
        _slow(HTTP, f'{POST},status="201"', "0.1"),
        [Said({"job": "todo"}, "One request in twenty to todo takes longer than 4.755s.")],
    ),
    "SignInsRefused": (
        {'password_hashes_refused_total{job="auth",instance="a:8000"}': "0+1x120"},
        [
            Said(
                {"job": "auth", "instance": "a:8000"},
                "People cannot sign in: more passwords wait than a:8000 can check.",
            )
        ],
    ),
    "MySQLAway": (
        {f"mysql_connected{{{TODO}}}": "0x120"},
        [Said({"job": "todo"}, "todo does not reach MySQL: reads and writes answer 503.")],
    ),
    "MySQLSettings": (
        {f"mysql_settings_missing{{{TODO}}}": "1x120"},
        [Said({"job": "todo"}, "The MySQL of todo may lose acknowledged writes when it crashes.")],
    ),
    "RedisAway": (
        {f"redis_subscribed{{{TODO}}}": "0x120"},
        [
            Said(
                {"job": "todo"},
                "todo does not reach Redis: screens lag by up to two seconds, presence is missing.",
            )
        ],
    ),
    "PoolExhausted": (
        {f'db_pool_timeouts_total{{{TODO},pool="reads"}}': "0+1x120"},
        [
            Said(
                {"job": "todo", "pool": "reads"},
                "Requests to todo end in 503 because all MySQL connections for reads are busy.",
            )
        ],
    ),
    "WritesSlow": (
        _slow("log_append_seconds", TODO, "0.01"),
        [Said({"job": "todo"}, "One write in twenty to todo takes longer than 4.75s.")],
    ),
    "WritesQueue": (
        {f"log_append_waiting_requests{{{TODO}}}": "300x120"},
        [Said(T, "300 writes wait in t:8000 of todo; past 1,024 on one list they are refused.")],
    ),
    "PublicationsLost": (
        {f"log_publications_lost_total{{{TODO}}}": "0+1x120"},
        [Said(T, "Redis does not take what t:8000 of todo publishes: screens lag, nothing is lost.")],
    ),
    "ScreensLate": (
        _slow("live_delivery_seconds", TODO, "0.05"),
        [Said({"job": "todo"}, "One change in twenty reaches the screens of todo later than 9.502s.")],
    ),
    "HubBehind": (
        {f"live_lag_events{{{TODO}}}": "5x120", f"live_delivery_seconds_count{{{TODO}}}": "0+60x40 2400x80"},
        [Said(T, "t:8000 of todo is 5 events behind on a list or room that people look at.")],
    ),
    "SlowReaders": (
        {f"live_slow_readers_total{{{TODO}}}": "0+5x120"},
        [Said(T, "t:8000 of todo has closed 50 sockets that did not read.")],
    ),
    "FollowerStuck": (
        {f"follower_failures_total{{{LISTS}}}": "0+1x120"},
        [
            Said(
                {"job": "chat-worker", "instance": "w:8000", **FOLLOWED},
                "chat-worker cannot apply an event of todo's lists; what follows it waits.",
            )
        ],
    ),
    "FollowerBehind": (
        {f"follower_caught_up_timestamp_seconds{{{LISTS}}}": "0+60x10 600x110"},
        [Said({"job": "chat-worker", **FOLLOWED}, "chat-worker is 50m 0s behind todo's lists.")],
    ),
}

NEW = {"job": "chat", "instance": "chat-3:8000"}
STARTING = 'up{job="chat",instance="chat-3:8000"}'

# What must not wake anybody.
QUIET: dict[str, dict[str, str]] = {
    "all is well": {},
    "two failures in a quiet hour": {
        f'{HTTP}_count{{{POST},status="201"}}': "0x49 0+1x70",
        f'{HTTP}_count{{{POST},status="503"}}': "0x51 1x4 2x63",
    },
    "a new pod migrates for nine minutes": {STARTING: "_x51 0x60"},
    "holes that are filled at once, at every look": {f"live_lag_events{{{TODO}}}": "3x120"},
}

# The other ways to fire.
FURTHER: list[tuple[str, dict[str, str], Said]] = [
    (
        "ProcessDown",
        {STARTING: "_x30 0x89"},  # it never came
        Said(NEW, "chat-3:8000 of chat does not answer; the others carry its load."),
    ),
    (
        "ProcessDown",
        {STARTING: "1x56 0x60"},  # it is gone since a moment
        Said(NEW, "chat-3:8000 of chat does not answer; the others carry its load."),
    ),
    (
        "HubBehind",
        {f"live_lag_events{{{TODO}}}": "40x120"},  # one list of many
        Said(T, "t:8000 of todo is 40 events behind on a list or room that people look at."),
    ),
]
