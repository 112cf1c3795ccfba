"""The Prometheus metrics of a service, by their names in the field's conventions."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "http_request_duration_seconds", "Time to answer, by route template.", ["method", "route", "status"]
)
APPEND_SECONDS = Histogram("log_append_seconds", "Time of one writing transaction, retries included.")
TRANSACTION_RETRIES = Counter(
    "log_transaction_retries_total", "Transactions run again after a deadlock or lock wait."
)
PUBLICATIONS_LOST = Counter("log_publications_lost_total", "Events that could not be published on Redis.")
SOCKETS = Gauge("live_sockets", "Open WebSockets.")
SUBSCRIPTIONS = Gauge("live_subscriptions", "Subscriptions of open WebSockets to topics.")
SLOW_READERS = Counter("live_slow_readers_total", "WebSockets closed because they did not read.")
HEALS = Counter("live_heals_total", "Reads of the log that filled a hole in what was published.")
FOLLOWER_LAG = Gauge("follower_lag_events", "Events of a followed log not applied yet.", ["source", "topic"])
FOLLOWER_FAILURES = Counter(
    "follower_failures_total", "Attempts to apply an event that failed.", ["source", "topic"]
)
REDIS_CONNECTED = Gauge("redis_subscribed", "1 while the subscription to Redis stands.")
