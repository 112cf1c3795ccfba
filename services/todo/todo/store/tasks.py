"""Single tasks in the database: read, inserted, changed, buried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.schemas import encode
from todo.models import Assignee, Member, Task
from todo.schemas import Task as TaskState

_LIVE = Task.deleted_at.is_(None)


class Encoded(NamedTuple):
    """A task as bytes, with what pages and conditions need of it."""

    data: bytes
    version: int


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
