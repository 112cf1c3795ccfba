"""The time of day. (How long something takes is a matter of time.monotonic.)"""

from datetime import UTC, datetime


def now() -> datetime:
    """The time, in UTC, to the microsecond."""
    return datetime.now(UTC)
