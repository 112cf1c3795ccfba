"""Pages of a list's tasks, by position, each exact for one number of the list's log."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import UUIDType
from todo.models import LOG, Task
from todo.store.members import is_member
from todo.topics import list_topic


def behind(place: tuple[str, UUID]) -> ColumnElement[bool]:
    """Whether a task comes after the place."""
    return _behind(literal(place[0].encode()), literal(place[1], UUIDType))


def _behind(position: ColumnElement[bytes], task_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Spelt out, since MySQL makes no range of `(a, b) > (x, y)`."""
    return and_(Task.position >= position, or_(Task.position > position, Task.id > task_id))


def _page(place: ColumnElement[bool]) -> Select[bytes, bytes | None, bytes, int, bytes]:
    """The statement of a page: made once, since making it costs as much as running it."""
    topic = LOG.topics.c.topic == bindparam("topic")
    seq = select(LOG.topics.c.seq).where(topic).scalar_subquery()
    epoch = select(LOG.topics.c.epoch).where(topic).scalar_subquery()
    plain_id = type_coerce(Task.id, LargeBinary).label("id")  # only the last one is looked at
    query = select(Task.data, Task.position, plain_id, seq, epoch)
    member = is_member(bindparam("list", type_=UUIDType), bindparam("reader", type_=UUIDType))
    query = query.where(Task.list_id == bindparam("list", type_=UUIDType), member, place)
    return query.order_by(Task.position, Task.id).limit(bindparam("most", type_=Integer))


_FIRST_PAGE = _page(Task.position.is_not(None))
_PAGE_BEHIND = _page(_behind(bindparam("position", type_=LargeBinary), bindparam("task", type_=UUIDType)))


class Page(NamedTuple):
    """Tasks as bytes in order, with the place in the log at which exactly these were there."""

    items: list[bytes]
    next: tuple[str, UUID] | None
    seq: int
    epoch: str


async def tasks(
    conn: AsyncConnection, list_id: UUID, reader_id: UUID, after: tuple[str, UUID] | None, limit: int
) -> Page | None:
    """One page by position. None when it is empty: then there is no row that could tell the place in the log.

    Rows and place come from one statement, which sees one moment, so that a page is exact for its number.
    """
    about = {"list": list_id, "topic": list_topic(list_id).encode(), "reader": reader_id, "most": limit + 1}
    if after is None:
        found = await conn.execute(_FIRST_PAGE, about)
    else:
        found = await conn.execute(_PAGE_BEHIND, about | {"position": after[0].encode(), "task": after[1]})
    rows = found.all()
    if not rows:
        return None
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else (last.position.decode(), UUID(bytes=bytes(last.id)))
    return Page([row[0] for row in rows[:limit]], following, rows[0][3], rows[0][4].decode())
