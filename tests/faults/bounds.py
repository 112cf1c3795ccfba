"""By when the end of an access has to be known everywhere, given the faults that were under way."""

from collections.abc import Iterable

from tests.faults.clock import Clock
from tests.faults.record import Period

CALM_SECONDS = 1.0
WITHOUT_REDIS_SECONDS = 2.0
POLL_SECONDS = {"session": 2.0, "socket": 2.0, "room": 5.0}
"""At the most between two looks at another service's log that was away, when nothing wakes who follows it."""
HANG_SECONDS = 5.0  # that a request may hang in a connection that leads nowhere: ServiceClient's read timeout
AFTER_SECONDS = 5.0  # a fault may still be felt: clients come back, connections are made anew

REDIS = ("redis", "to-redis")
HANGING = ("stop", "silence", "forget", "slow")
SOURCES = {"session": {"auth"}, "socket": {"auth"}, "room": {"todo"}}
"""Who knows first."""
DATABASE = {"mysql", "to-mysql"}  # out of which it is read
ALSO = {"session": set[str](), "socket": {"todo", "chat", "clients"}, "room": {"chat"}}
"""What else delays it: what is on its way to a client when that is stopped arrives later; and while a replica
of chat stands still in the middle of a transaction, the other cannot follow."""


def deadline(what: str, ended: float, periods: Iterable[Period], clock: Clock) -> float:
    """The moment by which the end of a session ("socket": for what it still receives), or of the room of a
    list, has to have taken effect.

    Within a second; two without Redis. While the service that must learn of it is cut off from the one that
    knows, once it has reached that again: a poll later, and a request that hangs has to give up before.
    Seconds are those that the machine had.
    """
    cuts = SOURCES[what] | DATABASE | ALSO[what] | {"services"}
    bound = clock.after(ended, CALM_SECONDS)
    for period in sorted(periods, key=lambda period: period.began):
        if period.began > bound or period.ended + AFTER_SECONDS < ended:
            continue
        if period.fault.target in REDIS:
            bound = max(bound, clock.after(ended, WITHOUT_REDIS_SECONDS))
        elif period.fault.target in cuts:
            hanging = HANG_SECONDS if period.fault.kind in HANGING else 0
            bound = max(bound, clock.after(max(ended, period.ended), hanging + POLL_SECONDS[what]))
    return bound
