"""Pages of a list's tasks, by position, each exact for one number of the list's log."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import UUIDType
from common.prepared import Prepared
from todo.models import LOG, Task
from todo.store.members import is_member
from todo.topics import list_topic


def behind(place: tuple[str, UUID]) -> ColumnElement[bool]:
    """Whether a task comes after the place."""
    return _behind(literal(place[0].encode()), literal(place[1], UUIDType))


def _behind(position: ColumnElement[bytes], task_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Spelt out, since MySQL makes no range of `(a, b) > (x, y)`."""
    return and_(Task.position >= position, or_(Task.position > position, Task.id > task_id))


def _page(place: ColumnElement[bool]) -> Prepared:
    """The statement of a page: each task's data, where it stands (its position and its id, of the same length
    always), and where the log stands. Few columns, since reading each of them costs."""
    topic = LOG.topics.c.topic == bindparam("topic")
    at = select(func.concat(LOG.topics.c.seq, " ", LOG.topics.c.epoch)).where(topic).scalar_subquery()
    query = select(Task.data, func.concat(Task.position, Task.id), at)
    member = is_member(bindparam("list", type_=UUIDType), bindparam("reader", type_=UUIDType))
    query = query.where(Task.list_id == bindparam("list", type_=UUIDType), member, place)
    return Prepared(query.order_by(Task.position, Task.id).limit(bindparam("most", type_=Integer)))


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
    about = {"list": list_id.bytes, "topic": list_topic(list_id).encode(), "reader": reader_id.bytes}
    if after is None:
        rows = await _FIRST_PAGE.rows(conn, **about, most=limit + 1)
    else:
        place = {"position": after[0].encode(), "task": after[1].bytes}
        rows = await _PAGE_BEHIND.rows(conn, **about, **place, most=limit + 1)
    if not rows:
        return None
    following = None
    if len(rows) > limit:
        position, task_id = rows[limit - 1][1][:-16], rows[limit - 1][1][-16:]
        following = position.decode(), UUID(bytes=task_id)
    seq, epoch = rows[0][2].decode().split()
    return Page([row[0] for row in rows[:limit]], following, int(seq), epoch)
