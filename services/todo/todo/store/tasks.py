"""Tasks in the database: single ones, pages by position, neighbours and families."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.schemas import encode
from todo.models import LOG, Assignee, Member, Task
from todo.schemas import Task as TaskState
from todo.store.lists import Creation
from todo.store.members import is_member
from todo.topics import list_topic

_LIVE = Task.deleted_at.is_(None)


class Encoded(NamedTuple):
    """A task as bytes, with what pages and conditions need of it."""

    data: bytes
    version: int


class Page(NamedTuple):
    """Tasks as bytes in order, with the place in the log at which exactly these were there."""

    items: list[bytes]
    next: tuple[str, UUID] | None
    seq: int
    epoch: str


async def readable(conn: AsyncConnection, list_id: UUID, task_id: UUID, account_id: UUID) -> Encoded | None:
    """A task, if the account is a member of its list."""
    query = (
        select(Task.data, Task.version)
        .join(Member, Member.list_id == Task.list_id)
        .where(Member.account_id == account_id, Task.list_id == list_id, Task.id == task_id, _LIVE)
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Encoded(*row)


async def get(conn: AsyncConnection, list_id: UUID, task_id: UUID) -> Encoded | None:
    """A task, whoever asks: for actions, which have checked that."""
    query = select(Task.data, Task.version).where(Task.list_id == list_id, Task.id == task_id, _LIVE)
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else Encoded(*row)


async def page(
    conn: AsyncConnection, list_id: UUID, reader_id: UUID, after: tuple[str, UUID] | None, limit: int
) -> Page | None:
    """One page by position. None when it is empty: then there is no row that could tell the place in the log.

    Rows and place come from one statement, which sees one moment, so that a page is exact for its number.
    """
    topic = LOG.topics.c.topic == list_topic(list_id).encode()
    seq = select(LOG.topics.c.seq).where(topic).scalar_subquery()
    epoch = select(LOG.topics.c.epoch).where(topic).scalar_subquery()
    query = select(Task.data, Task.position, Task.id, seq, epoch)
    query = query.where(Task.list_id == list_id, is_member(list_id, reader_id))
    if after is None:
        query = query.where(Task.position.is_not(None))
    else:
        query = query.where(behind(after))
    rows = (await conn.execute(query.order_by(Task.position, Task.id).limit(limit + 1))).all()
    if not rows:
        return None
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else (last.position.decode(), last.id)
    return Page([row.data for row in rows[:limit]], following, rows[0][3], rows[0][4].decode())


def behind(place: tuple[str, UUID]) -> ColumnElement[bool]:
    """Whether a task comes after the place; spelt out, since MySQL makes no range of `(a, b) > (x, y)`."""
    position, task_id = place[0].encode(), place[1]
    return and_(Task.position >= position, or_(Task.position > position, Task.id > task_id))


async def creation(conn: AsyncConnection, list_id: UUID, task_id: UUID) -> Creation | None:
    """How the id was taken, also when the task was deleted since; None when it is free."""
    columns = select(Task.creator_id, Task.digest, Task.deleted_at.is_not(None), Task.data, Task.version)
    row = (await conn.execute(columns.where(Task.list_id == list_id, Task.id == task_id))).one_or_none()
    return None if row is None else Creation(row[0], row[1], bool(row[2]), row[3], row[4])


async def add(conn: AsyncConnection, task: TaskState, data: bytes, creator_id: UUID, digest: bytes) -> None:
    """Insert a task and its assignments."""
    await conn.execute(insert(Task).values(**_columns(task, data), creator_id=creator_id, digest=digest))
    await _assign(conn, task)


async def save(conn: AsyncConnection, task: TaskState, data: bytes, *, assigned_anew: bool) -> None:
    """Write what of a task has changed."""
    this = (Task.list_id == task.list_id, Task.id == task.id)
    await conn.execute(update(Task).where(*this).values(**_columns(task, data)))
    if assigned_anew:
        await conn.execute(
            delete(Assignee).where(Assignee.list_id == task.list_id, Assignee.task_id == task.id)
        )
        await _assign(conn, task)


async def bury(conn: AsyncConnection, list_id: UUID, versions: dict[UUID, int], at: datetime) -> None:
    """Leave of these tasks only their tombstones."""
    emptied = {
        "title": "",
        "notes": "",
        "labels": "[]",
        "parent_id": None,
        "due": None,
        "position": None,
        "data": b"",
    }
    statement = (
        update(Task)
        .where(Task.list_id == list_id, Task.id == bindparam("task"))
        .values(**emptied, deleted_at=at, version=bindparam("at_version"))
    )
    rows = [{"task": task_id, "at_version": version} for task_id, version in versions.items()]
    await conn.execute(statement, rows)
    await conn.execute(delete(Assignee).where(Assignee.list_id == list_id, Assignee.task_id.in_(versions)))


async def _assign(conn: AsyncConnection, task: TaskState) -> None:
    if task.assignee_ids:
        about = {"list_id": task.list_id, "task_id": task.id}
        await conn.execute(
            insert(Assignee), [about | {"account_id": account} for account in task.assignee_ids]
        )


def _columns(task: TaskState, data: bytes) -> dict[str, Any]:
    state = task.model_dump(exclude={"done_at", "assignee_ids", "labels", "position"})
    labels, position = encode(task.labels).decode(), task.position.encode()
    return state | {"labels": labels, "position": position, "data": data}


async def assigned(conn: AsyncConnection, list_id: UUID, account_id: UUID) -> Sequence[bytes]:
    """The tasks of a list that are assigned to an account."""
    query = (
        select(Task.data)
        .join(Assignee, (Assignee.list_id == Task.list_id) & (Assignee.task_id == Task.id))
        .where(Assignee.account_id == account_id, Assignee.list_id == list_id)
        .order_by(Task.position, Task.id)
    )
    return (await conn.scalars(query)).all()
