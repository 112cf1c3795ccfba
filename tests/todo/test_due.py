"""`due=`: days begin where the asker lives, not in Greenwich."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from common.errors import Invalid
from todo.due import Span, parse_due, parse_zone

pytestmark = pytest.mark.system

LATE = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)  # in Taipei it is the second of March already
TAIPEI = ZoneInfo("Asia/Taipei")


def test_today_is_the_day_in_the_askers_zone() -> None:
    assert parse_due("today", ZoneInfo("UTC"), LATE) == Span(
        datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert parse_due("today", TAIPEI, LATE) == Span(
        datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 2, 16, tzinfo=UTC)
    )


def test_a_day_on_which_clocks_change_is_as_long_as_it_is() -> None:
    span = parse_due("2026-03-29", ZoneInfo("Europe/Berlin"), LATE)
    assert span.start is not None
    assert span.end is not None
    assert (span.end - span.start).total_seconds() == 23 * 3600


def test_week_is_today_and_six_days_more() -> None:
    span = parse_due("week", TAIPEI, LATE)
    assert span == Span(datetime(2026, 3, 1, 16, tzinfo=UTC), datetime(2026, 3, 8, 16, tzinfo=UTC))


def test_overdue_and_none_are_open() -> None:
    assert parse_due("overdue", TAIPEI, LATE) == Span(None, LATE)
    assert parse_due("none", TAIPEI, LATE) == Span(None, None)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "9999-12-31", "0001-01-01", "tomorrow"])
def test_no_such_day(text: str) -> None:
    with pytest.raises(Invalid):
        parse_due(text, TAIPEI, LATE)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "", "Asia", "a\0b"])
def test_no_such_zone(name: str) -> None:
    with pytest.raises(Invalid):
        parse_zone(name)
