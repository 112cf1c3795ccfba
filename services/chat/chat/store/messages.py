"""SQL of messages: keyset pages over (room_id, seq) and (room_id, thread_id, seq)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.models import Message
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


async def add(db: AsyncConnection, **values: Any) -> None:
    """A new message."""
    await db.execute(insert(Message).values(**values))


async def change(db: AsyncConnection, room_id: UUID, message_id: UUID, **values: Any) -> None:
    """Change columns of a message."""
    await db.execute(
        update(Message).where(Message.room_id == room_id, Message.id == message_id).values(**values)
    )
