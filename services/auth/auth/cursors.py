"""Page cursors over things that are ordered by their id."""

from uuid import UUID

from common.errors import Invalid
from common.schemas import cursor_decode, cursor_encode


def read(cursor: str | None) -> UUID | None:
    """The id after which the page begins; none for the first."""
    if cursor is None:
        return None
    (text,) = cursor_decode(cursor, 1)
    try:
        return UUID(text)
    except ValueError:
        raise Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page") from None


def following(ids: list[UUID], limit: int) -> str | None:
    """The cursor of the page after this one; none after the last."""
    return cursor_encode(ids[-1]) if len(ids) == limit else None
