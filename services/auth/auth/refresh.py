"""Refresh tokens: how one is made and read, and what presenting one means. No I/O."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

GRACE = timedelta(seconds=60)
"""How long a token is returned unrotated, and how long its predecessor lives once it has been used."""

_LENGTH = 16 + 8 + 32


class Presented(NamedTuple):
    """What a genuine refresh token says."""

    session_id: UUID
    counter: int


class RefreshTokens:
    """Makes and reads refresh tokens: session id, counter, and an HMAC of both with a key of auth's own."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def make(self, session_id: UUID, counter: int) -> str:
        """The token for a counter: always the same one, so it need not be stored to be given twice."""
        body = session_id.bytes + counter.to_bytes(8)
        mac = hmac.digest(self._key, b"refresh:" + body, hashlib.sha256)
        return base64.urlsafe_b64encode(body + mac).rstrip(b"=").decode()

    def read(self, token: str) -> Presented | None:
        """What the token says, or None when we did not make it."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return None
        if len(raw) != _LENGTH:
            return None
        presented = Presented(UUID(bytes=raw[:16]), int.from_bytes(raw[16:24]))
        genuine = self.make(*presented)
        return presented if hmac.compare_digest(genuine.encode(), token.encode()) else None


class Verdict(StrEnum):
    """What to do about a presented token."""

    SAME = "same"
    """It is current and young: give it back."""
    ROTATE = "rotate"
    """It is current: move the counter and give the next one."""
    SUCCESSOR = "successor"
    """It is the predecessor, and its holder may have missed the answer: give the current one."""
    REUSED = "reused"
    """It is older, so two parties hold tokens of one session: end it."""


def judge(
    presented: int, counter: int, rotated_at: datetime, used_at: datetime | None, now: datetime
) -> Verdict:
    """Decide about token number `presented` of a session whose current token is number `counter`.

    A number ahead of ours means that the database was set back: the tokens it would accept next have all been
    given out before, so that session ends as well.
    """
    if presented == counter:
        return Verdict.SAME if now - rotated_at < GRACE else Verdict.ROTATE
    if presented == counter - 1 and (used_at is None or now - used_at < GRACE):
        return Verdict.SUCCESSOR
    return Verdict.REUSED
