"""Questions about where tasks stand: their neighbours in the order of the list, and their families."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from todo.models import Task


class Neighbour(NamedTuple):
    """A task beside the place in question."""

    position: str
    data: bytes


def _others(list_id: UUID, moving: UUID | None) -> Select[bytes | None, bytes]:
    """The tasks of the list that have a place, except the one that looks for one."""
    query = select(Task.position, Task.data).where(Task.list_id == list_id, Task.position.is_not(None))
    return query if moving is None else query.where(Task.id != moving)


async def position(conn: AsyncConnection, list_id: UUID, task_id: UUID) -> str | None:
    """Where a task stands; None when the list has no such task."""
    query = select(Task.position).where(Task.list_id == list_id, Task.id == task_id)
    found = await conn.scalar(query)
    return None if found is None else found.decode()


async def last_position(conn: AsyncConnection, list_id: UUID) -> str | None:
    """Where the last task of the list stands; None when there is none."""
    found = await conn.scalar(select(func.max(Task.position)).where(Task.list_id == list_id))
    return None if found is None else bytes(found).decode()


async def before(
    conn: AsyncConnection, list_id: UUID, place: str | None, count: int, moving: UUID | None
) -> list[Neighbour]:
    """The last tasks up to and with a position, in order; none when the place is the list's beginning."""
    if place is None:
        return []
    query = _others(list_id, moving).where(Task.position <= place.encode())
    rows = await conn.execute(query.order_by(Task.position.desc(), Task.id.desc()).limit(count))
    return [Neighbour(row.position.decode(), row.data) for row in reversed(rows.all())]


async def behind(
    conn: AsyncConnection, list_id: UUID, place: str | None, count: int, moving: UUID | None
) -> list[Neighbour]:
    """The first tasks after a position, in order; from the list's beginning when there is none."""
    query = _others(list_id, moving)
    if place is not None:
        query = query.where(Task.position > place.encode())
    rows = await conn.execute(query.order_by(Task.position, Task.id).limit(count))
    return [Neighbour(row.position.decode(), row.data) for row in rows]


async def depth(conn: AsyncConnection, list_id: UUID, task_id: UUID) -> int:
    """How many tasks there are from this one to the outermost, both counted; 0 for no task of the list."""
    up = (
        select(Task.parent_id.label("above"), literal(1).label("level"))
        .where(Task.list_id == list_id, Task.id == task_id, Task.deleted_at.is_(None))
        .cte("up", recursive=True)
    )
    more = (
        select(Task.parent_id, up.c.level + 1).join(up, Task.id == up.c.above).where(Task.list_id == list_id)
    )
    found = await conn.scalar(select(func.max(up.union_all(more).c.level)))
    return found or 0


async def family(conn: AsyncConnection, list_id: UUID, task_id: UUID) -> Sequence[tuple[UUID, int]]:
    """A task and all below it, each with its level (the task's own is 1), the innermost first."""
    down = (
        select(Task.id.label("id"), literal(1).label("level"))
        .where(Task.list_id == list_id, Task.id == task_id)
        .cte("down", recursive=True)
    )
    more = (
        select(Task.id, down.c.level + 1)
        .join(down, Task.parent_id == down.c.id)
        .where(Task.list_id == list_id)
    )
    all_of_them = down.union_all(more)
    query = select(all_of_them.c.id, all_of_them.c.level).order_by(
        all_of_them.c.level.desc(), all_of_them.c.id
    )
    return [(row.id, row.level) for row in await conn.execute(query)]
