"""Page cursors over things that are ordered by their id."""

from uuid import UUID

from common.pages import parse_cursor
from common.schemas import cursor_encode


def read(cursor: str | None) -> UUID | None:
    """The id after which the page begins; none for the first."""
    return parse_cursor(cursor, 1, UUID)


def following(ids: list[UUID], limit: int) -> str | None:
    """The cursor of the page after this one; none after the last."""
    return cursor_encode(ids[-1]) if len(ids) == limit else None
