"""Pages of collections: what their routes share in reading cursors and joining bytes that are already
encoded."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from common.errors import Invalid
from common.schemas import cursor_decode, encode

T = TypeVar("T")

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What If-None-Match names is still current"}
}
"""For the documentation of a conditional GET."""


def join(items: Iterable[bytes], **about: Any) -> bytes:
    """A page of resources that are encoded already: `{items, …}` with what else there is to say of it."""
    return b'{"items":[' + b",".join(items) + b"]," + encode(about)[1:]


def digest_tag(body: bytes) -> str:
    """The ETag of a page that no single topic describes: a digest of its bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def parse_cursor(cursor: str | None, parts: int, make: Callable[..., T]) -> T | None:
    """What a cursor of so many parts stands for; `make` raises ValueError for what it cannot read."""
    if cursor is None:
        return None
    texts = cursor_decode(cursor, parts)
    try:
        return make(*texts)
    except ValueError:
        raise Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page") from None
