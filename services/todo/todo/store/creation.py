"""What is known of a task, or of its place, before it is made."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from todo.models import Member, Task
from todo.schemas import Role
from todo.store.lists import Creation
from todo.store.members import BY_KEY

Attempt = tuple[UUID, UUID, UUID]
"""To make a task: in which list, by whom, with which id."""


class Preconditions(NamedTuple):
    """What decides on an attempt: the actor's role, how the id was taken (None: it is free), and where the
    last task stands."""

    role: Role
    earlier: Creation | None
    last_position: str | None


async def preconditions(
    conn: AsyncConnection, attempts: Sequence[Attempt], chosen: Collection[tuple[UUID, UUID]]
) -> dict[Attempt, Preconditions]:
    """Those of each attempt; who is missing in the answer is no member.

    Only an id that a client has `chosen` (list and task) can be taken.
    """
    memberships = {(list_id, account_id) for list_id, account_id, _ in attempts}
    members = await conn.execute(_MEMBERS, {"memberships": list(memberships)})
    roles = {(row[0], row[1]): (row[2], row[3]) for row in members.all()}
    earlier = await _earlier(conn, chosen) if chosen else {}
    found = {}
    for list_id, account_id, task_id in attempts:
        if (list_id, account_id) in roles:
            role, last = roles[list_id, account_id]
            position = None if last is None else bytes(last).decode()
            found[list_id, account_id, task_id] = Preconditions(
                role, earlier.get((list_id, task_id)), position
            )
    return found


async def _earlier(
    conn: AsyncConnection, tasks: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Creation]:
    taken = await conn.execute(_TAKEN, {"tasks": list(tasks)})
    return {
        (row.list_id, row.id): Creation(
            row.creator_id, row.digest, row.deleted_at is not None, row.data, row.version
        )
        for row in taken.all()
    }


# Not max(): beside another table it would look at every task of the list.
_LAST = select(Task.position).where(Task.list_id == Member.list_id)
_LAST_POSITION = _LAST.order_by(Task.position.desc()).limit(1).scalar_subquery()
_MEMBERS = (
    select(Member.list_id, Member.account_id, Member.role, _LAST_POSITION)
    .where(tuple_(Member.list_id, Member.account_id).in_(bindparam("memberships", expanding=True)))
    .with_hint(Member, BY_KEY)
)
_TAKEN = select(
    Task.list_id, Task.id, Task.creator_id, Task.digest, Task.deleted_at, Task.data, Task.version
).where(tuple_(Task.list_id, Task.id).in_(bindparam("tasks", expanding=True)))
