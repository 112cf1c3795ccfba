"""Pages of a collection that a topic describes, joined from bytes that are already encoded."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from common.errors import Invalid
from common.log.reader import Head
from common.schemas import cursor_decode, encode

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What If-None-Match names is still current"}
}
"""For the documentation of a GET."""


def topic_page(items: Iterable[bytes], next_cursor: str | None, place: Head) -> bytes:
    """`{items, next, seq, epoch}`; `place` was read before the items."""
    tail = encode({"next": next_cursor, "seq": place.seq, "epoch": place.epoch})
    return b'{"items":[' + b",".join(items) + b"]," + tail[1:]


def digest_tag(body: bytes) -> str:
    """The ETag of a page that no single topic describes: a digest of its bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def id_cursor(cursor: str | None) -> UUID | None:
    """The id after which the next page begins."""
    if cursor is None:
        return None
    (text,) = cursor_decode(cursor, 1)
    try:
        return UUID(text)
    except ValueError:
        raise _bad_cursor() from None


def place_cursor(cursor: str) -> tuple[str, int]:
    """Where a page of messages goes on: "before" or "after" which place."""
    direction, text = cursor_decode(cursor, 2)
    if direction not in ("before", "after") or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise _bad_cursor()
    return direction, int(text)


def _bad_cursor() -> Invalid:
    return Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page")
