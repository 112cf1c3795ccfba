"""SQL of rooms: who may see which, their pages, and the read positions in them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Update, bindparam, case, exists, select, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.models import Member, Room
from chat.store import AnyRow


def is_member(account_id: UUID, room_id: UUID) -> ColumnElement[bool]:
    """The one rule of access: a person sees a room while they are a member of it."""
    return exists().where(Member.room_id == room_id, Member.account_id == account_id)


async def visible(db: AsyncConnection, room_id: UUID, account_id: UUID) -> AnyRow | None:
    """A room as one of its members sees it, or None."""
    query = (
        select(Room.id, Room.kind, Room.title, Room.last_number, Room.version, Room.data)
        .add_columns(Member.role, Member.version.label("role_version"), Member.read_number)
        .join(Member, Member.room_id == Room.id)
        .where(Room.id == room_id, Member.account_id == account_id, Room.deleted_at.is_(None))
    )
    return (await db.execute(query)).one_or_none()


class RoomRow(NamedTuple):
    """All columns of a room."""

    id: UUID
    kind: str
    list_id: UUID | None
    title: str | None
    last_number: int
    version: int
    source_version: int | None
    creator_id: UUID | None
    digest: bytes | None
    deleted_at: datetime | None
    data: bytes


async def find(db: AsyncConnection, room_ids: Collection[UUID]) -> list[RoomRow]:
    """Several rooms whoever may see them, deleted ones too; those that there are."""
    if not room_ids:
        return []
    query = select(*(getattr(Room, column) for column in RoomRow._fields)).where(Room.id.in_(room_ids))
    return [RoomRow(*row) for row in await db.execute(query)]


async def page(db: AsyncConnection, account_id: UUID, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The rooms of a person, by id."""
    query = (
        select(Room.id, Room.data, Member.role)
        .join(Room, Room.id == Member.room_id)
        .where(Member.account_id == account_id)
        .order_by(Member.room_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Member.room_id > after)
    return (await db.execute(query)).all()


async def put(db: AsyncConnection, rows: Sequence[RoomRow]) -> None:
    """New rooms, or other states of those there are; the last number of these stays as it is."""
    if rows:
        await db.execute(_PUT, [row._asdict() for row in rows])


_NEW = insert(Room)
_PUT = _NEW.on_duplicate_key_update(
    {
        column: _NEW.inserted[column]
        for column in ("title", "version", "source_version", "creator_id", "digest", "deleted_at", "data")
    }
)


async def of_lists(db: AsyncConnection) -> Sequence[AnyRow]:
    """Every room that belongs to a list: its id and the list's."""
    query = select(Room.id, Room.list_id).where(Room.kind == "list", Room.deleted_at.is_(None))
    return (await db.execute(query)).all()


async def positions(db: AsyncConnection, account_id: UUID) -> Sequence[AnyRow]:
    """How far a person has read in each of their rooms, and how far each goes."""
    query = (
        select(Member.room_id, Member.read_number, Room.last_number)
        .join(Room, Room.id == Member.room_id)
        .where(Member.account_id == account_id)
        .order_by(Member.room_id)
    )
    return (await db.execute(query)).all()


async def advance(db: AsyncConnection, room_id: UUID, last_number: int, read: Mapping[UUID, int]) -> None:
    """The room's last number, and the read positions of several people: the numbers of what they sent
    last."""
    await db.execute(_ADVANCE_ROOM, {"room": room_id, "number": last_number})
    numbered = list(enumerate(read.items()))
    places: dict[str, object] = {f"account_{each}": account_id for each, (account_id, _) in numbered}
    places |= {f"number_{each}": number for each, (_, number) in numbered}
    await db.execute(_advance_members(len(numbered)), places | {"room": room_id, "accounts": list(read)})


_ADVANCE_ROOM = update(Room).where(Room.id == bindparam("room")).values(last_number=bindparam("number"))


@cache  # putting it together costs more than running it
def _advance_members(count: int) -> Update:
    to = [
        (Member.account_id == bindparam(f"account_{each}"), bindparam(f"number_{each}", type_=Integer))
        for each in range(count)
    ]
    these = Member.account_id.in_(bindparam("accounts", expanding=True))
    return update(Member).where(Member.room_id == bindparam("room"), these).values(read_number=case(*to))


async def move_position(
    db: AsyncConnection, room_id: UUID, account_id: UUID, number: int, *, back: bool = False
) -> bool:
    """Move a person's read position; backwards only when told so. Tells whether it moved."""
    mine = update(Member).where(Member.room_id == room_id, Member.account_id == account_id)
    moves = Member.read_number != number if back else Member.read_number < number
    return (await db.execute(mine.where(moves).values(read_number=number))).rowcount > 0
