"""SQL of the people in rooms."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.models import Member
from chat.store import AnyRow


async def get(db: AsyncConnection, room_id: UUID, account_id: UUID) -> AnyRow | None:
    """One member of a room, or None."""
    query = select(Member.account_id, Member.role, Member.version, Member.source_version, Member.data)
    return (
        await db.execute(query.where(Member.room_id == room_id, Member.account_id == account_id))
    ).one_or_none()


async def page(db: AsyncConnection, room_id: UUID, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The members of a room, by account id."""
    query = select(Member.account_id, Member.data).where(Member.room_id == room_id)
    if after is not None:
        query = query.where(Member.account_id > after)
    return (await db.execute(query.order_by(Member.account_id).limit(limit))).all()


async def of_rooms(db: AsyncConnection, room_ids: Collection[UUID]) -> Sequence[AnyRow]:
    """Every member of several rooms."""
    query = select(Member.room_id, Member.account_id, Member.role, Member.source_version)
    return (await db.execute(query.where(Member.room_id.in_(room_ids)).order_by(Member.account_id))).all()


async def owners(db: AsyncConnection, room_id: UUID) -> int:
    """How many owners a room has."""
    query = select(func.count()).where(Member.room_id == room_id, Member.role == "owner")
    return (await db.execute(query)).scalar_one()


async def add(db: AsyncConnection, **values: Any) -> None:
    """A new member."""
    await db.execute(insert(Member).values(**values))


async def change(db: AsyncConnection, room_id: UUID, account_id: UUID, **values: Any) -> None:
    """Change columns of a member."""
    who = (Member.room_id == room_id, Member.account_id == account_id)
    await db.execute(update(Member).where(*who).values(**values))


async def remove(db: AsyncConnection, room_id: UUID, account_id: UUID) -> None:
    """Take a member out."""
    await db.execute(delete(Member).where(Member.room_id == room_id, Member.account_id == account_id))


async def remove_all(db: AsyncConnection, room_id: UUID) -> None:
    """Take everyone out."""
    await db.execute(delete(Member).where(Member.room_id == room_id))
