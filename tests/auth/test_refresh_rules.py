"""Refresh tokens without a service: what one says, and what presenting one means."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.refresh import GRACE, RefreshTokens, Verdict, judge

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
YOUNG = NOW - GRACE / 2
OLD = NOW - GRACE * 2
SESSION = UUID("0199b1f0-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("presented", "rotated_at", "used_at", "verdict"),
    [
        (5, YOUNG, None, Verdict.SAME),
        (5, YOUNG, YOUNG, Verdict.SAME),
        (5, OLD, None, Verdict.ROTATE),
        (5, OLD, OLD, Verdict.ROTATE),
        (4, YOUNG, None, Verdict.SUCCESSOR),
        (4, OLD, None, Verdict.SUCCESSOR),
        (4, OLD, YOUNG, Verdict.SUCCESSOR),
        (4, OLD, OLD, Verdict.REUSED),
        (3, YOUNG, None, Verdict.REUSED),
        (1, YOUNG, None, Verdict.REUSED),
        (6, YOUNG, None, Verdict.REUSED),
    ],
)
def test_each_case(presented: int, rotated_at: datetime, used_at: datetime | None, verdict: Verdict) -> None:
    """The table of the design, counter at five."""
    assert judge(presented, 5, rotated_at, used_at, NOW) is verdict


def test_the_grace_ends_at_a_minute() -> None:
    """Sixty seconds are over, a microsecond less is not."""
    minute, nearly = NOW - GRACE, NOW - GRACE + timedelta(microseconds=1)
    assert judge(5, 5, minute, None, NOW) is Verdict.ROTATE
    assert judge(5, 5, nearly, None, NOW) is Verdict.SAME
    assert judge(4, 5, minute, minute, NOW) is Verdict.REUSED
    assert judge(4, 5, minute, nearly, NOW) is Verdict.SUCCESSOR


@given(st.uuids(), st.integers(0, 2**63 - 1))
def test_a_token_says_what_it_was_made_of(session_id: UUID, counter: int) -> None:
    """Made twice, it is the same; read, it gives both parts back."""
    tokens = RefreshTokens("k" * 32)
    token = tokens.make(session_id, counter)
    assert token == tokens.make(session_id, counter)
    assert tokens.read(token) == (session_id, counter)


@given(st.integers(0, 74), st.characters(codec="ascii"))
def test_a_changed_token_is_not_ours(place: int, character: str) -> None:
    """Whatever character is changed, even the last with its two unused bits."""
    tokens = RefreshTokens("k" * 32)
    token = tokens.make(SESSION, 7)
    changed = token[:place] + character + token[place + 1 :]
    assert tokens.read(changed) == ((SESSION, 7) if changed == token else None)


@given(st.text(max_size=100))
def test_nonsense_is_not_ours(text: str) -> None:
    """Any text at all is answered, not crashed on."""
    assert RefreshTokens("k" * 32).read(text) is None


def test_another_key_makes_other_tokens() -> None:
    """What somebody else's key made is refused."""
    assert RefreshTokens("a" * 32).read(RefreshTokens("b" * 32).make(SESSION, 1)) is None
