"""How chat's routes render what actions and the store return, and read what cursors say."""

from collections.abc import Iterable

from fastapi import Response

from chat.actions.outcome import Outcome
from common.etag import etag, json_response
from common.log.reader import Head
from common.pages import join


def reply(outcome: Outcome) -> Response:
    """The resource after an action: 201 when the action made it."""
    return json_response(outcome.data, status=201 if outcome.created else 200, tag=etag(outcome.version))


def topic_page(items: Iterable[bytes], next_cursor: str | None, place: Head) -> bytes:
    """`{items, next, seq, epoch}`; `place` was read before the items."""
    return join(items, next=next_cursor, seq=place.seq, epoch=place.epoch)


def direction_and_seq(direction: str, seq: str) -> tuple[str, int]:
    """Where a page of messages goes on: "before" or "after" which place."""
    if direction not in ("before", "after") or not seq.isascii() or not seq.isdigit() or len(seq) > 18:
        raise ValueError
    return direction, int(seq)
