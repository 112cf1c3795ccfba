"""By when the end of an access has to be known everywhere, given the faults that were under way."""

from collections.abc import Iterable

from tests.faults.record import Period

CALM_SECONDS = 1.0
WITHOUT_REDIS_SECONDS = 2.0
POLL_SECONDS = {"session": 2.0, "room": 5.0}
"""At the most between two looks at another service's log that was away, when nothing wakes who follows it."""
HANG_SECONDS = 5.0  # that a request may hang in a connection that leads nowhere: ServiceClient's read timeout
SLACK_SECONDS = 0.5  # for the answer to such a look, on a machine that does all this at once
AFTER_SECONDS = 5.0  # a fault may still be felt: clients come back, connections are made anew

BUSY_SECONDS = 6.0  # however little time the machine has
BUSY = "busy"  # no fault: the machine had no time (busy.py)
REDIS = ("redis", "to-redis")
HANGING = ("stop", "silence", "forget", "slow")


def deadline(what: str, ended: float, periods: Iterable[Period]) -> float:
    """The moment by which the end of a session, or of the room of a list, has to have taken effect.

    Within a second; two without Redis. While the service that must learn of it is cut off from the one that
    knows, once it has reached that again: a poll later, and a request that hangs has to give up before.
    On a machine that has no time the second begins when it has.
    """
    nearby = sorted(periods, key=lambda period: period.began)
    bound = ended + CALM_SECONDS
    for period in nearby:
        if period.began > bound or period.ended + AFTER_SECONDS < ended:
            continue
        if period.fault.kind == BUSY:
            bound = max(bound, min(period.ended + CALM_SECONDS, ended + BUSY_SECONDS))
        elif period.fault.target in REDIS:
            bound = max(bound, ended + WITHOUT_REDIS_SECONDS + SLACK_SECONDS)
        else:
            hanging = HANG_SECONDS if period.fault.kind in HANGING else 0
            bound = max(bound, period.ended + hanging + POLL_SECONDS[what] + SLACK_SECONDS)
    return bound
