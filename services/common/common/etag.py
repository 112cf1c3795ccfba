"""Conditional requests (RFC 9110 section 13): ETags of versions, If-Match and If-None-Match."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response

from common.errors import VersionConflict

IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that must still be current")]

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""An answer belongs to whoever asked: the next person at the same browser must not revalidate it."""

BUILD = "1"
"""Raised when the same rows are rendered differently, so that an old ETag no longer matches."""


def etag(version: int) -> str:
    """The ETag of one resource: its version."""
    return f'"{version}"'


def collection_etag(epoch: str, seq: int, request: Request) -> str:
    """The ETag of a collection that a topic describes: the topic's place, and what was asked."""
    asked = hashlib.sha256(f"{BUILD}?".encode() + request.scope["query_string"]).hexdigest()[:12]
    return f'"{epoch}-{seq}-{asked}"'


def _tags(header: str) -> set[str]:
    """The tags of a conditional header. `W/` is ignored, since a proxy that compresses adds it."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def if_match(header: str | None, version: int, current: Callable[[], Any]) -> None:
    """Refuse the write when the caller named another version than the current one.

    Raises VersionConflict (412) with the resource as it is in `current`; `current` may give JSON bytes or
    plain data.
    """
    if header is None or "*" in (tags := _tags(header)) or etag(version) in tags:
        return
    now = current()
    raise VersionConflict(
        current=orjson.loads(now) if isinstance(now, bytes) else now, headers={"ETag": etag(version)}
    )


def not_modified(request: Request, tag: str) -> bool:
    """Whether the caller already holds what `tag` names."""
    header = request.headers.get("if-none-match")
    return header is not None and ("*" in (tags := _tags(header)) or tag in tags)


def json_response(body: bytes, *, status: int = 200, tag: str | None = None) -> Response:
    """Bytes that are already JSON, with their ETag. Shared caches must not keep what belongs to one
    person."""
    headers = PRIVATE if tag is None else PRIVATE | {"ETag": tag}
    return Response(body, status, headers, media_type="application/json")


def conditional(request: Request, body: Callable[[], bytes], tag: str) -> Response:
    """304 when the caller already holds it, else the bytes; `body` is built only when it is needed."""
    if not_modified(request, tag):
        return Response(status_code=304, headers=PRIVATE | {"ETag": tag})
    return json_response(body(), tag=tag)
