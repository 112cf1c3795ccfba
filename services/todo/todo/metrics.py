"""The Prometheus metrics that only todo has."""

from prometheus_client import Counter, Gauge

PAGES_ASKED = Counter("page_cache_requests_total", "Pages looked for in memory.", ["result"])
HIT, MISS = PAGES_ASKED.labels("hit"), PAGES_ASKED.labels("miss")
PAGES_BYTES = Gauge("page_cache_bytes", "Bytes of the pages held in memory.")
