"""SQL of the people in rooms."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.models import Member
from chat.store import AnyRow


async def page(db: AsyncConnection, room_id: UUID, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The members of a room, by account id."""
    query = select(Member.account_id, Member.data).where(Member.room_id == room_id)
    if after is not None:
        query = query.where(Member.account_id > after)
    return (await db.execute(query.order_by(Member.account_id).limit(limit))).all()


class MemberRow(NamedTuple):
    """All columns of a member."""

    room_id: UUID
    account_id: UUID
    role: str
    read_number: int
    version: int
    source_version: int | None
    data: bytes


async def find(db: AsyncConnection, memberships: Collection[tuple[UUID, UUID]]) -> list[MemberRow]:
    """Those of several rooms and accounts who are members."""
    return await _rows(db, tuple_(Member.room_id, Member.account_id).in_(memberships)) if memberships else []


async def of_rooms(db: AsyncConnection, room_ids: Collection[UUID]) -> list[MemberRow]:
    """Every member of several rooms."""
    return await _rows(db, Member.room_id.in_(room_ids)) if room_ids else []


async def _rows(db: AsyncConnection, where: ColumnElement[bool]) -> list[MemberRow]:
    query = select(*(getattr(Member, column) for column in MemberRow._fields)).where(where)
    return [MemberRow(*row) for row in await db.execute(query.order_by(Member.account_id))]


async def owners(db: AsyncConnection, room_id: UUID) -> int:
    """How many owners a room has."""
    query = select(func.count()).where(Member.room_id == room_id, Member.role == "owner")
    return (await db.execute(query)).scalar_one()


async def put(db: AsyncConnection, rows: Sequence[MemberRow]) -> None:
    """New members, or other roles of those there are; how far these have read stays as it is."""
    if rows:
        await db.execute(_PUT, [row._asdict() for row in rows])


_NEW = insert(Member)
_PUT = _NEW.on_duplicate_key_update(
    {column: _NEW.inserted[column] for column in ("role", "version", "source_version", "data")}
)


async def remove(db: AsyncConnection, memberships: Collection[tuple[UUID, UUID]]) -> None:
    """Take members out."""
    if memberships:
        await db.execute(delete(Member).where(tuple_(Member.room_id, Member.account_id).in_(memberships)))


async def remove_all(db: AsyncConnection, room_ids: Collection[UUID]) -> None:
    """Take everyone out of several rooms."""
    if room_ids:
        await db.execute(delete(Member).where(Member.room_id.in_(room_ids)))
