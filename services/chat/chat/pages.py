"""Where pages of the chat service begin and end."""

from collections.abc import Iterable

from common.log.reader import Head
from common.pages import join


def topic_page(items: Iterable[bytes], next_cursor: str | None, place: Head) -> bytes:
    """`{items, next, seq, epoch}`; `place` was read before the items."""
    return join(items, next=next_cursor, seq=place.seq, epoch=place.epoch)


def direction_and_seq(direction: str, seq: str) -> tuple[str, int]:
    """Where a page of messages goes on: "before" or "after" which place."""
    if direction not in ("before", "after") or not seq.isascii() or not seq.isdigit() or len(seq) > 18:
        raise ValueError
    return direction, int(seq)
