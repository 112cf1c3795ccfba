"""SQL of messages: keyset pages over (room_id, seq) and (room_id, thread_id, seq)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.models import Member, Message, Room
from chat.store import AnyRow


async def get(db: AsyncConnection, room_id: UUID, message_id: UUID) -> AnyRow | None:
    """One message of a room, deleted ones too, or None."""
    columns = (Message.id, Message.kind, Message.author_id, Message.body, Message.thread_id, Message.digest)
    query = select(*columns, Message.deleted_at, Message.version, Message.data)
    return (await db.execute(query.where(Message.room_id == room_id, Message.id == message_id))).one_or_none()


async def newest(
    db: AsyncConnection, room_id: UUID, limit: int, *, thread_id: UUID | None, before: int | None
) -> Sequence[AnyRow]:
    """The last messages of a room (or of one thread) before a place in it, the newest first."""
    query = select(Message.seq, Message.data).where(Message.room_id == room_id)
    if thread_id is not None:
        query = query.where(Message.thread_id == thread_id)
    if before is not None:
        query = query.where(Message.seq < before)
    return (await db.execute(query.order_by(Message.seq.desc()).limit(limit))).all()


async def following(
    db: AsyncConnection, room_id: UUID, limit: int, *, thread_id: UUID | None, after: int
) -> Sequence[AnyRow]:
    """The first messages of a room (or of one thread) after a place in it, the oldest first."""
    query = select(Message.seq, Message.data).where(Message.room_id == room_id, Message.seq > after)
    if thread_id is not None:
        query = query.where(Message.thread_id == thread_id)
    return (await db.execute(query.order_by(Message.seq).limit(limit))).all()


Attempt = tuple[UUID, UUID, UUID]
"""To send a message: into which room, by whom, with which id."""


class Creation(NamedTuple):
    """How a message came into being: what a repeated attempt is compared with."""

    author_id: UUID | None
    digest: bytes | None
    deleted_at: datetime | None
    data: bytes
    version: int


class Preconditions(NamedTuple):
    """What decides on an attempt: the room, for its member, and how the id was taken (None: it is free)."""

    room: AnyRow
    earlier: Creation | None


async def preconditions(
    db: AsyncConnection, attempts: Sequence[Attempt], chosen: Collection[tuple[UUID, UUID]]
) -> dict[Attempt, Preconditions]:
    """Those of each attempt; who is missing in the answer is no member.

    Only an id that a client has `chosen` (room and message) can be taken.
    """
    memberships = {(room_id, account_id) for room_id, account_id, _ in attempts}
    members = await db.execute(_ROOMS, {"memberships": list(memberships)})
    rooms = {(row.id, row.account_id): row for row in members.all()}
    earlier = await _earlier(db, chosen) if chosen else {}
    return {
        (room_id, account_id, message_id): Preconditions(
            rooms[room_id, account_id], earlier.get((room_id, message_id))
        )
        for room_id, account_id, message_id in attempts
        if (room_id, account_id) in rooms
    }


async def _earlier(
    db: AsyncConnection, messages: Collection[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Creation]:
    taken = await db.execute(_TAKEN, {"messages": list(messages)})
    return {
        (row.room_id, row.id): Creation(row.author_id, row.digest, row.deleted_at, row.data, row.version)
        for row in taken.all()
    }


_ROOMS = (
    select(Room.id, Room.kind, Room.last_number, Member.account_id)
    .join(Member, Member.room_id == Room.id)
    .where(
        tuple_(Member.room_id, Member.account_id).in_(bindparam("memberships", expanding=True)),
        Room.deleted_at.is_(None),
    )
)
_TAKEN = select(
    Message.room_id,
    Message.id,
    Message.author_id,
    Message.digest,
    Message.deleted_at,
    Message.data,
    Message.version,
).where(tuple_(Message.room_id, Message.id).in_(bindparam("messages", expanding=True)))


async def add(db: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """New messages."""
    if rows:
        await db.execute(_INSERT, rows)


_INSERT = insert(Message)


async def change(db: AsyncConnection, room_id: UUID, message_id: UUID, **values: Any) -> None:
    """Change columns of a message."""
    await db.execute(
        update(Message).where(Message.room_id == room_id, Message.id == message_id).values(**values)
    )
