"""Rooms and who is in them, changed with their events: the steps that people and followed lists share."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple, Self
from uuid import UUID

from chat import schemas
from chat.actions.outcome import Outcome
from chat.store import members, rooms
from chat.store.members import MemberRow
from chat.store.rooms import RoomRow
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


class Roster:
    """Some rooms and members as a transaction has found them, and as it will leave them.

    However much is decided, it is read in a few statements and written in a few. Every step wants the topics
    of its room and of the people whom it lets in or sends away locked, and these people read.
    """

    def __init__(self, tx: Tx, found: Collection[RoomRow], people: Collection[MemberRow]) -> None:
        self._tx = tx
        self._rooms = {room.id: room for room in found}
        self._members: dict[UUID, dict[UUID, MemberRow]] = defaultdict(dict)
        for member in people:
            self._members[member.room_id][member.account_id] = member
        self._changed: set[UUID] = set()  # rooms
        self._put: set[tuple[UUID, UUID]] = set()  # memberships
        self._gone: set[tuple[UUID, UUID]] = set()

    @classmethod
    async def read(
        cls,
        tx: Tx,
        room_ids: Collection[UUID],
        people: Collection[tuple[UUID, UUID]] = (),
        *,
        everyone: Collection[UUID] = (),
    ) -> Self:
        """Those of the rooms that there are, deleted ones too; of the memberships (room and account) those
        that there are; and everyone who is in the rooms that `everyone` names."""
        found = await rooms.find(tx.db, room_ids)
        ids = {room.id for room in found}
        named = await members.find(tx.db, [each for each in people if each[0] in ids])
        return cls(tx, found, named + await members.of_rooms(tx.db, ids.intersection(everyone)))

    def room(self, room_id: UUID) -> RoomRow | None:
        """A room, deleted ones too."""
        return self._rooms.get(room_id)

    def member(self, room_id: UUID, account_id: UUID) -> MemberRow | None:
        """A member of a room."""
        return self._members[room_id].get(account_id)

    def accounts(self, room_id: UUID) -> list[UUID]:
        """Who is in a room, as far as it was read."""
        return list(self._members[room_id])

    def open(self, new: NewRoom, actor_id: UUID | None) -> Outcome:
        """Bring a room into being, or a deleted one back, with the event that makes it known."""
        topic, before = room_topic(new.id), self._rooms.get(new.id)
        version = self._tx.next_seq(topic)
        shown = {field: getattr(new, field) for field in ("id", "kind", "list_id", "title", "account_ids")}
        data = encode(schemas.Room(**shown, version=version))
        room = RoomRow(
            id=new.id,
            kind=new.kind,
            list_id=new.list_id,
            title=new.title,
            last_number=0 if before is None else before.last_number,
            version=version,
            source_version=new.source_version,
            creator_id=new.creator_id,
            digest=new.digest,
            deleted_at=None,
            data=data,
        )
        self._change(room)
        self._tx.append(topic, "room.updated", resource_id=new.id, actor_id=actor_id, data=data)
        return Outcome(data, version, created=True)

    def retitle(
        self, room_id: UUID, title: str, actor_id: UUID | None, source_version: int | None = None
    ) -> Outcome:
        """Give a room a title. The one that it has already is no event."""
        room = self._rooms[room_id]._replace(source_version=source_version)
        if title != room.title:
            topic = room_topic(room_id)
            version = self._tx.next_seq(topic)
            shown = schemas.Room.model_validate_json(room.data)
            data = encode(shown.model_copy(update={"title": title, "version": version}))
            room = room._replace(title=title, version=version, data=data)
            self._tx.append(topic, "room.updated", resource_id=room_id, actor_id=actor_id, data=data)
        self._change(room)
        return Outcome(room.data, room.version)

    def put(self, room_id: UUID, new: NewMember, actor_id: UUID | None) -> Outcome:
        """Let someone in, who has nothing unread then, or give a member a role. The one that they have
        already is no event."""
        room, before = self._rooms[room_id], self.member(room_id, new.account_id)
        if before is not None and before.role == new.role:
            self._change_member(before._replace(source_version=new.source_version))
            return Outcome(before.data, before.version)
        topic, person = room_topic(room_id), user_topic(new.account_id)
        version = self._tx.next_seq(topic)
        data = encode(
            schemas.Member(room_id=room_id, account_id=new.account_id, role=new.role, version=version)
        )
        read = room.last_number if before is None else before.read_number
        self._change_member(
            MemberRow(room_id, new.account_id, new.role, read, version, new.source_version, data)
        )
        if before is None:
            self._tx.append(person, "room.added", resource_id=room_id, actor_id=actor_id, data=room.data)
        self._tx.append(topic, "member.put", resource_id=new.account_id, actor_id=actor_id, data=data)
        return Outcome(data, version, created=before is None)

    def drop(self, room_id: UUID, account_id: UUID, actor_id: UUID | None) -> None:
        """End someone's membership, and with it their access."""
        topic, person = room_topic(room_id), user_topic(account_id)
        self._remove(room_id, account_id)
        version = self._tx.next_seq(topic)
        gone = encode({"id": account_id, "room_id": room_id, "account_id": account_id, "version": version})
        self._tx.append(
            topic,
            "member.removed",
            resource_id=account_id,
            actor_id=actor_id,
            data=gone,
            revokes=[account_id],
        )
        left = encode({"id": room_id, "version": version})
        self._tx.append(person, "room.removed", resource_id=room_id, actor_id=actor_id, data=left)

    def close(self, room_id: UUID, actor_id: UUID | None) -> None:
        """Delete a room of which everyone was read: a tombstone stays, everyone's access ends."""
        topic = room_topic(room_id)
        version = self._tx.next_seq(topic)
        gone = encode({"id": room_id, "version": version})
        self._change(self._rooms[room_id]._replace(deleted_at=self._tx.now, version=version))
        self._tx.append(
            topic, "room.deleted", resource_id=room_id, actor_id=actor_id, data=gone, revokes="all"
        )
        for account_id in self.accounts(room_id):
            self._remove(room_id, account_id)
            person = user_topic(account_id)
            self._tx.append(person, "room.removed", resource_id=room_id, actor_id=actor_id, data=gone)

    async def write(self) -> None:
        """Write what was decided. Who has gone in between and come back is a new member."""
        closed = [room_id for room_id in self._changed if self._rooms[room_id].deleted_at is not None]
        await members.remove_all(self._tx.db, closed)
        await members.remove(self._tx.db, [each for each in self._gone if each[0] not in closed])
        await rooms.put(self._tx.db, [self._rooms[room_id] for room_id in self._changed])
        await members.put(self._tx.db, [self._members[room][account] for room, account in self._put])

    def _change(self, room: RoomRow) -> None:
        if room != self._rooms.get(room.id):
            self._rooms[room.id] = room
            self._changed.add(room.id)

    def _change_member(self, member: MemberRow) -> None:
        room_id, account_id = member.room_id, member.account_id
        if member != self.member(room_id, account_id):
            self._members[room_id][account_id] = member
            self._put.add((room_id, account_id))

    def _remove(self, room_id: UUID, account_id: UUID) -> None:
        del self._members[room_id][account_id]
        self._put.discard((room_id, account_id))
        self._gone.add((room_id, account_id))
