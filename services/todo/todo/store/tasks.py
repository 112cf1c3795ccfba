"""Tasks in the database: single ones, pages by position, neighbours and families."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import UUIDType
from common.schemas import encode
from todo.models import LOG, Assignee, Member, Task
from todo.schemas import Role
from todo.schemas import Task as TaskState
from todo.store.lists import Creation
from todo.store.members import BY_KEY, is_member
from todo.topics import list_topic

_LIVE = Task.deleted_at.is_(None)


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


Asked = tuple[UUID, UUID, UUID]
"""A list, who wants to add a task to it, and the task's id."""


class Opening(NamedTuple):
    """What adding a task begins with: the actor's role, how the id was taken (None: it is free), and where
    the last task stands."""

    role: Role
    earlier: Creation | None
    last_position: str | None


async def openings(conn: AsyncConnection, asked: Sequence[Asked]) -> dict[Asked, Opening]:
    """For each that is asked; what is missing in the answer is no member."""
    places = {(list_id, account_id) for list_id, account_id, _ in asked}
    members = await conn.execute(_STANDING, {"places": list(places)})
    standing = {(row[0], row[1]): (row[2], row[3]) for row in members.all()}
    taken = await conn.execute(_TAKEN, {"tasks": [(list_id, task_id) for list_id, _, task_id in asked]})
    earlier = {
        (row.list_id, row.id): Creation(
            row.creator_id, row.digest, row.deleted_at is not None, row.data, row.version
        )
        for row in taken.all()
    }
    found = {}
    for list_id, account_id, task_id in asked:
        if (list_id, account_id) in standing:
            role, last = standing[list_id, account_id]
            position = None if last is None else bytes(last).decode()
            found[list_id, account_id, task_id] = Opening(role, earlier.get((list_id, task_id)), position)
    return found


# Not max(): beside another table it would look at every task of the list.
_LAST = select(Task.position).where(Task.list_id == Member.list_id)
_LAST_POSITION = _LAST.order_by(Task.position.desc()).limit(1).scalar_subquery()
_STANDING = (
    select(Member.list_id, Member.account_id, Member.role, _LAST_POSITION)
    .where(tuple_(Member.list_id, Member.account_id).in_(bindparam("places", expanding=True)))
    .with_hint(Member, BY_KEY)
)
_TAKEN = select(
    Task.list_id, Task.id, Task.creator_id, Task.digest, Task.deleted_at, Task.data, Task.version
).where(tuple_(Task.list_id, Task.id).in_(bindparam("tasks", expanding=True)))


class New(NamedTuple):
    """A task that is to be inserted, with what a repeated creation is compared with."""

    task: TaskState
    data: bytes
    creator_id: UUID
    digest: bytes


async def add(conn: AsyncConnection, news: Sequence[New]) -> None:
    """Insert tasks and their assignments."""
    rows = [
        _columns(new.task, new.data) | {"creator_id": new.creator_id, "digest": new.digest} for new in news
    ]
    await conn.execute(_INSERT, rows)
    for new in news:
        await _assign(conn, new.task)


_INSERT = insert(Task)


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
