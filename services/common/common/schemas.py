"""The base of every request and answer body, the one JSON encoder, and opaque page cursors."""

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from common.errors import Invalid

T = TypeVar("T")

_LONE = re.compile("[\ud800-\udfff]")


def clean(value: str) -> str:
    """Refuse what cannot be stored or shown: NUL, and surrogates that have no partner."""
    if "\0" in value:
        raise PydanticCustomError("nul-character", "must not contain the NUL character")
    if _LONE.search(value):
        raise PydanticCustomError("lone-surrogate", "must be valid Unicode")
    return value


def _version_7(value: UUID) -> UUID:
    if value.version != 7:
        raise PydanticCustomError("not-uuid-v7", "must be a UUIDv7")
    return value


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _rfc3339(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


CleanStr = Annotated[str, AfterValidator(clean)]
ClientId = Annotated[UUID, AfterValidator(_version_7)]
"""An id that the client chose for what it creates."""
Timestamp = Annotated[
    datetime, AfterValidator(_utc), PlainSerializer(_rfc3339, return_type=str, when_used="json")
]


class Body(BaseModel):
    """Base of request bodies: an unknown field is refused, so that a typo is not silently ignored."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that the caller sent (RFC 7396: what is absent stays as it is)."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Out(BaseModel):
    """Base of answers. No field has a default: a default would make it optional for every client."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Page(BaseModel, Generic[T]):
    """One page of a collection; `next` is an opaque cursor, null on the last page."""

    items: list[T]
    next: str | None


class TopicPage(Page[T], Generic[T]):
    """One page of a collection that a topic describes: it is at least as new as `seq` of `epoch`."""

    seq: int
    epoch: str


MAX_LIMIT = 200  # items a page
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items a page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]
Epoch = Annotated[str, Field(max_length=16)]


def encode(value: Any) -> bytes:
    """JSON bytes of a model, or of plain data, as every answer, event and frame carries them."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"not JSON: {type(value)!r}")


def cursor_encode(*parts: str | int | UUID) -> str:
    """An opaque page cursor."""
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in parts])).rstrip(b"=").decode()


def cursor_decode(text: str, count: int) -> tuple[str, ...]:
    """What `cursor_encode` packed; anything else is the caller's mistake."""
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(parts, list) and len(parts) == count and all(isinstance(part, str) for part in parts):
            return tuple(clean(part) for part in parts)
    except (ValueError, PydanticCustomError):
        pass
    raise Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page")
