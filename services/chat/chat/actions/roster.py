"""Rooms and who is in them, changed with their events: the steps that people and followed lists share.

The caller has locked the room's topic and decided that the step may happen.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chat import schemas
from chat.actions.outcome import Outcome
from chat.store import AnyRow, members, rooms
from chat.topics import room_topic, user_topic
from common.log.transaction import Tx
from common.schemas import encode


class NewRoom(NamedTuple):
    """What a room starts with."""

    id: UUID
    kind: schemas.RoomKind
    title: str | None
    list_id: UUID | None = None
    account_ids: list[UUID] | None = None
    creator_id: UUID | None = None
    digest: bytes | None = None
    source_version: int | None = None


class NewMember(NamedTuple):
    """Who comes into a room, or gets another role there."""

    account_id: UUID
    role: schemas.Role
    source_version: int | None = None


async def open_room(tx: Tx, new: NewRoom, actor_id: UUID | None, *, again: bool = False) -> Outcome:
    """Bring a room into being (or, `again`, back), with the event that makes it known."""
    topic = room_topic(new.id)
    await tx.create(topic)
    room = schemas.Room(
        id=new.id,
        kind=new.kind,
        list_id=new.list_id,
        title=new.title,
        account_ids=new.account_ids,
        version=tx.next_seq(topic),
    )
    values = new._asdict()
    del values["account_ids"]
    values |= {"version": room.version, "data": (data := encode(room)), "deleted_at": None}
    if again:
        await rooms.change(tx.db, **{"room_id": values.pop("id"), **values})
    else:
        await rooms.add(tx.db, **values)
    tx.append(topic, "room.updated", resource_id=new.id, actor_id=actor_id, data=data)
    return Outcome(data, room.version, created=True)


async def retitle(
    tx: Tx, room: AnyRow, title: str, actor_id: UUID | None, source_version: int | None = None
) -> Outcome:
    """Give a room another title."""
    topic = room_topic(room.id)
    version = tx.next_seq(topic)
    before = schemas.Room.model_validate_json(room.data)
    data = encode(before.model_copy(update={"title": title, "version": version}))
    await rooms.change(tx.db, room.id, title=title, version=version, data=data, source_version=source_version)
    tx.append(topic, "room.updated", resource_id=room.id, actor_id=actor_id, data=data)
    return Outcome(data, version)


async def put_member(
    tx: Tx, room_id: UUID, new: NewMember, actor_id: UUID | None, *, known: AnyRow | None
) -> Outcome:
    """Let someone in, or give a known member another role. Who comes new has nothing unread."""
    topic, person = room_topic(room_id), user_topic(new.account_id)
    await tx.lock(person)
    member = schemas.Member(
        room_id=room_id, account_id=new.account_id, role=new.role, version=tx.next_seq(topic)
    )
    values: dict[str, Any] = {
        "role": new.role,
        "version": member.version,
        "source_version": new.source_version,
    }
    values["data"] = data = encode(member)
    if known is not None:
        await members.change(tx.db, room_id, new.account_id, **values)
    else:
        room = await rooms.get(tx.db, room_id)
        assert room is not None, "a member needs a room"  # noqa: S101 - the caller holds the room's lock
        read = room.last_number
        await members.add(tx.db, room_id=room_id, account_id=new.account_id, read_number=read, **values)
        tx.append(person, "room.added", resource_id=room_id, actor_id=actor_id, data=room.data)
    tx.append(topic, "member.put", resource_id=new.account_id, actor_id=actor_id, data=data)
    return Outcome(data, member.version, created=known is None)


async def drop_member(tx: Tx, room_id: UUID, account_id: UUID, actor_id: UUID | None) -> None:
    """End someone's membership, and with it their access."""
    topic, person = room_topic(room_id), user_topic(account_id)
    await tx.lock(person)
    await members.remove(tx.db, room_id, account_id)
    version = tx.next_seq(topic)
    gone = encode({"id": account_id, "room_id": room_id, "account_id": account_id, "version": version})
    tx.append(
        topic, "member.removed", resource_id=account_id, actor_id=actor_id, data=gone, revokes=[account_id]
    )
    left = encode({"id": room_id, "version": version})
    tx.append(person, "room.removed", resource_id=room_id, actor_id=actor_id, data=left)


async def close_rooms(tx: Tx, room_ids: Sequence[UUID], actor_id: UUID | None) -> None:
    """Delete rooms: tombstones stay, everyone's access ends."""
    everyone = await members.of_rooms(tx.db, room_ids)
    await tx.lock(*{user_topic(member.account_id) for member in everyone})
    for room_id in room_ids:
        topic = room_topic(room_id)
        version = tx.next_seq(topic)
        gone = encode({"id": room_id, "version": version})
        await rooms.change(tx.db, room_id, deleted_at=tx.now, version=version)
        await members.remove_all(tx.db, room_id)
        tx.append(topic, "room.deleted", resource_id=room_id, actor_id=actor_id, data=gone, revokes="all")
        for member in everyone:
            if member.room_id == room_id:
                person = user_topic(member.account_id)
                tx.append(person, "room.removed", resource_id=room_id, actor_id=actor_id, data=gone)
