"""The Prometheus metrics that only auth has."""

from prometheus_client import Counter, Gauge, Histogram

from common.metrics import SECONDS

PASSWORD_SECONDS = Histogram(
    "password_hash_seconds", "Time to hash or check one password, waiting included.", buckets=SECONDS
)
PASSWORDS_PENDING = Gauge("password_hashes_pending", "Passwords being hashed or waiting for a thread.")
PASSWORDS_REFUSED = Counter("password_hashes_refused_total", "Passwords refused because too many waited.")
