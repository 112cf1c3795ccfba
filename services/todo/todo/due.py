"""What `due=today` and its like mean: a span of time, in the time zone of whoever asks."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from common.errors import Invalid


class Span(NamedTuple):
    """From `start` until before `end`; None on one side leaves it open, on both it means: not due at all."""

    start: datetime | None
    end: datetime | None


def parse_zone(name: str) -> ZoneInfo:
    """The time zone of that name; anything else is the caller's mistake."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder's name, a wrong path, no such zone
        raise Invalid.field(
            "tz", "unknown-time-zone", "must be an IANA time zone, such as Asia/Taipei"
        ) from None


def parse_due(text: str, zone: ZoneInfo, moment: datetime) -> Span:
    """The span that `today`, `week` (today and six days more), `overdue`, `none` or a date stands for."""
    today = moment.astimezone(zone).date()
    match text:
        case "none":
            return Span(None, None)
        case "overdue":
            return Span(None, moment)
        case "today":
            return _days(today, 1, zone)
        case "week":
            return _days(today, 7, zone)
    try:
        return _days(date.fromisoformat(text), 1, zone)
    except (ValueError, OverflowError):
        raise Invalid.field(
            "due", "bad-due", "must be today, week, overdue, none or a date (YYYY-MM-DD)"
        ) from None


def _days(first: date, count: int, zone: ZoneInfo) -> Span:
    def midnight(day: date) -> datetime:
        return datetime.combine(day, time(), zone).astimezone(UTC)

    return Span(midnight(first), midnight(first + timedelta(days=count)))
