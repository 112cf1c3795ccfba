"""The metrics that are read from the running process when Prometheus asks for them."""

from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from common import metrics

if TYPE_CHECKING:
    from common.runtime import Runtime


def measure(rt: "Runtime") -> None:
    """Have each of these metrics read from the parts of this process."""
    role = "worker" if rt.worker else "server"
    metrics.BUILD.labels(rt.name, role, installed(rt.name)).set(1)
    metrics.APPEND_WAITING.set_function(lambda: rt.log.waiting)
    metrics.PUBLICATIONS_WAITING.set_function(lambda: rt.bus.waiting)
    metrics.TOPICS.set_function(lambda: len(rt.hub.topics))
    metrics.HUB_LAG.set_function(lambda: rt.hub.lag)
    metrics.OUTBOUND.set_function(lambda: rt.live.outbound if rt.live is not None else 0)
    metrics.MYSQL_CONNECTED.set_function(lambda: not rt.database.away)
    metrics.MYSQL_SETTINGS_MISSING.set_function(lambda: len(rt.checked.missing))
    for pool in rt.database.pools():
        metrics.POOL_SIZE.labels(pool.name).set(pool.size)
        metrics.POOL_IN_USE.labels(pool.name).set_function(partial(getattr, pool, "in_use"))
        metrics.POOL_WAITING.labels(pool.name).set_function(partial(getattr, pool, "waiting"))
        metrics.POOL_TIMEOUTS.labels(pool.name)


def installed(service: str) -> str:
    """The version of a service, or that it runs from its sources."""
    try:
        return version(f"todolist-{service}")
    except PackageNotFoundError:
        return "development"
