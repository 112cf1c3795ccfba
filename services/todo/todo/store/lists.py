"""Lists in the database, and the snapshot of all of them that other services start from."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import Invalid
from todo.models import List, Member
from todo.schemas import ListState, Role


class Readable(NamedTuple):
    """A list as one member sees it; `role_version` is when the role was last changed."""

    id: UUID
    data: bytes
    version: int
    role: Role
    role_version: int


class Creation(NamedTuple):
    """How a list or task came into being: what a repeated creation is compared with."""

    creator_id: UUID
    digest: bytes
    deleted: bool
    data: bytes
    version: int


_READABLE = (
    select(List.id, List.data, List.version, Member.role, Member.version)
    .select_from(Member)
    .join(List, List.id == Member.list_id)
)


def _readable(row: Any) -> Readable:
    return Readable(*row)


async def readable(conn: AsyncConnection, list_id: UUID, account_id: UUID) -> Readable | None:
    """The list, if the account is a member."""
    found = await conn.execute(_READABLE.where(Member.list_id == list_id, Member.account_id == account_id))
    row = found.one_or_none()
    return None if row is None else _readable(row)


async def page_of(
    conn: AsyncConnection, account_id: UUID, after: UUID | None, limit: int
) -> Sequence[Readable]:
    """The account's lists by id, after one, at most so many."""
    query = _READABLE.where(Member.account_id == account_id)
    if after is not None:
        query = query.where(Member.list_id > after)
    return [_readable(row) for row in await conn.execute(query.order_by(Member.list_id).limit(limit))]


async def creation(conn: AsyncConnection, list_id: UUID) -> Creation | None:
    """How the id was taken, also when the list was deleted since; None when it is free."""
    columns = select(List.creator_id, List.digest, List.deleted_at.is_not(None), List.data, List.version)
    row = (await conn.execute(columns.where(List.id == list_id))).one_or_none()
    return None if row is None else Creation(row[0], row[1], bool(row[2]), row[3], row[4])


async def add(conn: AsyncConnection, item: ListState, data: bytes, creator_id: UUID, digest: bytes) -> None:
    """Insert a list."""
    await conn.execute(
        insert(List).values(**_columns(item, data), id=item.id, creator_id=creator_id, digest=digest)
    )


async def save(conn: AsyncConnection, item: ListState, data: bytes) -> None:
    """Write what of a list has changed."""
    await conn.execute(update(List).where(List.id == item.id).values(**_columns(item, data)))


async def bury(conn: AsyncConnection, list_id: UUID, version: int, at: datetime) -> None:
    """Leave of a list only its tombstone."""
    emptied = {"title": "", "color": "", "data": b"", "version": version, "deleted_at": at}
    await conn.execute(update(List).where(List.id == list_id).values(**emptied))


def _columns(item: ListState, data: bytes) -> dict[str, Any]:
    return {"title": item.title, "color": item.color, "version": item.version, "data": data}


async def snapshot(
    conn: AsyncConnection, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """Every list with its members, by id: where a service that follows `lists` begins."""
    query = select(List.id, List.title, List.color, List.version).where(List.deleted_at.is_(None))
    if after is not None:
        query = query.where(List.id > _place(after))
    rows = (await conn.execute(query.order_by(List.id).limit(limit))).all()
    members = await _members_of(conn, [row.id for row in rows])
    items = [dict(row._mapping) | {"members": members[row.id]} for row in rows]
    return items, str(rows[-1].id) if len(rows) == limit else None


def _place(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise Invalid.field("cursor", "bad-cursor", "must be the `next` of an earlier page") from None


async def _members_of(conn: AsyncConnection, list_ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    members: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    query = select(Member.list_id, Member.account_id, Member.role, Member.version).where(
        Member.list_id.in_(list_ids)
    )
    for row in await conn.execute(query):
        members[row.list_id].append({"account_id": row.account_id, "role": row.role, "version": row.version})
    return members
