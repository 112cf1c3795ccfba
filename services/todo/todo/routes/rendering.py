"""How this service's routes render what actions and the store return, and read what cursors say."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response

from common.errors import Invalid
from common.etag import etag, json_response
from common.schemas import cursor_decode
from todo.actions.outcome import Outcome

T = TypeVar("T")

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What If-None-Match names is still current"}
}
"""For the documentation of a GET."""


def made_before(model: type[Any]) -> dict[int | str, dict[str, Any]]:
    """For the documentation of a creation: the answer when the same one was carried out before."""
    return {200: {"model": model, "description": "It was there already; this is how it is now"}}


def reply(outcome: Outcome) -> Response:
    """The resource after an action: 201 when the action made it."""
    return json_response(outcome.data, status=201 if outcome.created else 200, tag=etag(outcome.version))


def digest_tag(body: bytes) -> str:
    """The ETag of a page that no single topic describes: a digest of its bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def parse_cursor(cursor: str | None, parts: int, make: Callable[..., T]) -> T | None:
    """What a cursor stands for; `make` raises ValueError for what it cannot read."""
    if cursor is None:
        return None
    texts = cursor_decode(cursor, parts)
    try:
        return make(*texts)
    except ValueError:
        raise Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page") from None


def position_and_id(position: str, task_id: str) -> tuple[str, UUID]:
    """The place in a list's order that a cursor names."""
    return position, UUID(task_id)
