"""The Prometheus metrics of every service, by their names in the field's conventions (docs/operations.md).

No label may take a value that a client chooses: routes are templates, methods and pools are few.
"""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

BUILD = Gauge("todolist_build_info", "1; its labels say what runs.", ["service", "role", "version"])

REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time to answer, by route template.",
    ["method", "route", "status"],
    buckets=SECONDS,
)


@cache  # as many as there are time series: to look one up costs more than to count with it
def request_seconds(method: str, route: str, status: int) -> Histogram:
    """The histogram of requests that were answered so."""
    return REQUEST_SECONDS.labels(method, route, status)


IN_FLIGHT = Gauge("http_requests_in_flight", "Requests that are being answered.")

APPEND_SECONDS = Histogram(
    "log_append_seconds", "Time of one writing transaction, retries included.", buckets=SECONDS
)
APPEND_BATCH = Histogram(
    "log_append_batch_requests",
    "Requests that one writing transaction carried.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
APPEND_WAITING = Gauge(
    "log_append_waiting_requests", "Requests that wait for the transaction before theirs to end."
)
TRANSACTION_RETRIES = Counter(
    "log_transaction_retries_total", "Transactions run again after a deadlock or lock wait."
)
PUBLICATIONS_LOST = Counter("log_publications_lost_total", "Events that could not be published on Redis.")
PUBLICATIONS_WAITING = Gauge("log_publications_waiting", "Publications that Redis has not taken yet.")

SOCKETS = Gauge("live_sockets", "Open WebSockets.")
SUBSCRIPTIONS = Gauge("live_subscriptions", "Subscriptions of open WebSockets to topics.")
TOPICS = Gauge("live_topics", "Topics that open WebSockets follow.")
DELIVERY_SECONDS = Histogram(
    "live_delivery_seconds", "From an event's time to its being sent to sockets.", buckets=SECONDS
)
HUB_LAG = Gauge(
    "live_lag_events", "Events known to exist and not sent to sockets yet, of the topic furthest behind."
)
OUTBOUND = Gauge("live_outbound_bytes", "Bytes that wait for sockets to take them.")
SLOW_READERS = Counter("live_slow_readers_total", "WebSockets closed because they did not read.")
HEALS = Counter("live_heals_total", "Reads of the log that filled a hole in what was published.")

FOLLOWED = ["source", "topic"]
FOLLOWER_LAG = Gauge("follower_lag_events", "Events of a followed log not applied yet.", FOLLOWED)
FOLLOWER_LAG_SECONDS = Gauge(
    "follower_lag_seconds", "Age of the event being applied; 0 at the end of the followed log.", FOLLOWED
)
FOLLOWER_APPLIED = Counter("follower_applied_total", "Events of a followed log applied here.", FOLLOWED)
FOLLOWER_FAILURES = Counter("follower_failures_total", "Attempts to apply an event that failed.", FOLLOWED)
FOLLOWER_CAUGHT_UP = Gauge(
    "follower_caught_up_timestamp_seconds",
    "When the end of the followed log was last reached (Unix time).",
    FOLLOWED,
)

POOL_SIZE = Gauge("db_pool_size", "MySQL connections the process may hold.", ["pool"])
POOL_IN_USE = Gauge("db_pool_in_use", "MySQL connections in use.", ["pool"])
POOL_WAITING = Gauge("db_pool_waiting", "Who waits for a MySQL connection.", ["pool"])
POOL_TIMEOUTS = Counter("db_pool_timeouts_total", "Waits for a MySQL connection that ended in 503.", ["pool"])
MYSQL_CONNECTED = Gauge("mysql_connected", "0 when MySQL could not be reached the last time somebody tried.")
MYSQL_SETTINGS_MISSING = Gauge(
    "mysql_settings_missing", "Server settings that endanger acknowledged writes; /readyz names them."
)
REDIS_CONNECTED = Gauge("redis_subscribed", "1 while the subscription to Redis stands.")
