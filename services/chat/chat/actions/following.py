"""Every list has its room: what todo's log `lists` says is done to the rooms, once and in order.

Versions of lists and of their members guard against what a snapshot already contained.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from chat import schemas
from chat.actions.roster import NewMember, NewRoom, Roster
from chat.actions.sending import tell_activity
from chat.store import messages, rooms
from chat.topics import list_room_id, room_topic, user_topic
from common.log.source import FollowedEvent
from common.log.transaction import Tx


async def apply(tx: Tx, events: Sequence[FollowedEvent]) -> None:
    """Do to the rooms what happened to the lists.

    One event is decided after the other, but all are read for and written together: whose access ends does
    not wait for the statements of every list before.
    """
    told = [event for event in events if event.kind in STEPS and not _emptied(event)]
    if not told:
        return
    roster = await _roster(tx, told)
    lines = _Lines(tx)
    for event in told:
        STEPS[event.kind](roster, lines, event)
    await roster.write()
    await messages.add(tx.db, lines.rows)


async def restore(tx: Tx, item: dict[str, Any]) -> None:
    """Make a list's room what a snapshot says.

    A snapshot tells what is, not what happened: there are events for what differs, but no activity lines.
    """
    list_id, version = UUID(item["id"]), item["version"]
    room_id = list_room_id(list_id)
    await tx.lock(room_topic(room_id))
    await tx.create(room_topic(room_id))
    roster = await Roster.read(tx, [room_id], everyone=[room_id])
    room, known = roster.room(room_id), set(roster.accounts(room_id))
    wanted = {UUID(member["account_id"]): member for member in item["members"]}
    await tx.lock(*map(user_topic, known | wanted.keys()))
    if room is None or room.deleted_at is not None:
        _open(roster, list_id, item["title"], version, None)
    else:
        roster.retitle(room_id, item["title"], None, version)
    for account_id in known - wanted.keys():
        roster.drop(room_id, account_id, None)
    for account_id, member in wanted.items():
        roster.put(room_id, NewMember(account_id, member["role"], member["version"]), None)
    await roster.write()


async def retain(tx: Tx, list_ids: set[UUID]) -> None:
    """Delete the rooms of lists that a snapshot did not contain."""
    lost = [room.id for room in await rooms.of_lists(tx.db) if room.list_id not in list_ids]
    await tx.lock(*map(room_topic, lost))
    roster = await Roster.read(tx, lost, everyone=lost)
    await tx.lock(*(user_topic(account_id) for room_id in lost for account_id in roster.accounts(room_id)))
    for room_id in lost:
        roster.close(room_id, None)
    await roster.write()


class _Lines:
    """What is told in the rooms of the lists."""

    def __init__(self, tx: Tx) -> None:
        self.rows: list[dict[str, object]] = []
        self._tx = tx

    def tell(
        self,
        event: FollowedEvent,
        kind: str,
        *,
        account_id: UUID | None = None,
        title: str | None = None,
        role: schemas.Role | None = None,
    ) -> None:
        """Add a line about an event."""
        activity = schemas.Activity.model_validate(
            {"kind": kind, "account_id": account_id, "title": title, "role": role}
        )
        self.rows.append(tell_activity(self._tx, _room_id(event), event.actor_id, activity))


async def _roster(tx: Tx, events: Sequence[FollowedEvent]) -> Roster:
    """What the events need, read and locked: rooms first, then the people in them."""
    room_ids = {_room_id(event) for event in events}
    people = {
        (_room_id(event), UUID(event.data["account_id"])) for event in events if "account_id" in event.data
    }
    ended = {_room_id(event) for event in events if event.kind == "list.deleted"}
    put = {_room_id(event) for event in events if event.kind in ("list.created", "list.updated")}
    await tx.lock(*map(room_topic, room_ids))
    await tx.create(*map(room_topic, put))
    roster = await Roster.read(tx, room_ids, people, everyone=ended)
    concerned = {account_id for _, account_id in people}
    concerned.update(account_id for room_id in ended for account_id in roster.accounts(room_id))
    await tx.lock(*map(user_topic, concerned))
    return roster


def _list_put(roster: Roster, lines: _Lines, event: FollowedEvent) -> None:
    list_id, title, version = event.resource_id, event.data["title"], event.data["version"]
    room = roster.room(_room_id(event))
    if room is None:
        _open(roster, list_id, title, version, event.actor_id)
        lines.tell(event, "list.created", title=title)
    elif room.deleted_at is None and (room.source_version is None or version > room.source_version):
        roster.retitle(room.id, title, event.actor_id, version)
        if title != room.title:
            lines.tell(event, "list.renamed", title=title)


def _list_deleted(roster: Roster, _: _Lines, event: FollowedEvent) -> None:
    room = roster.room(_room_id(event))
    if room is not None and room.deleted_at is None:
        roster.close(room.id, event.actor_id)


def _member_put(roster: Roster, lines: _Lines, event: FollowedEvent) -> None:
    account_id, role, version = UUID(event.data["account_id"]), event.data["role"], event.data["version"]
    room = roster.room(_room_id(event))
    if room is None or room.deleted_at is not None:
        return
    known = roster.member(room.id, account_id)
    if known is not None and (known.source_version or 0) >= version:
        return
    roster.put(room.id, NewMember(account_id, role, version), event.actor_id)
    if known is None:
        lines.tell(event, "member.added", account_id=account_id, role=role)
    elif known.role != role:
        lines.tell(event, "member.changed", account_id=account_id, role=role)


def _member_removed(roster: Roster, lines: _Lines, event: FollowedEvent) -> None:
    room_id, account_id = _room_id(event), UUID(event.data["account_id"])
    known = roster.member(room_id, account_id)
    if known is not None and (known.source_version or 0) < event.data["version"]:
        roster.drop(room_id, account_id, event.actor_id)
        lines.tell(event, "member.removed", account_id=account_id)


STEPS: dict[str, Callable[[Roster, _Lines, FollowedEvent], None]] = {
    "list.created": _list_put,
    "list.updated": _list_put,
    "list.deleted": _list_deleted,
    "member.put": _member_put,
    "member.removed": _member_removed,
}


def _room_id(event: FollowedEvent) -> UUID:
    """The room that an event of a list, or of one of its members, is about."""
    return list_room_id(UUID(event.data["list_id"]) if "list_id" in event.data else event.resource_id)


def _emptied(event: FollowedEvent) -> bool:
    """It tells of what has been deleted since: that follows."""
    return event.kind != "list.deleted" and event.data.keys() == {"id", "version"}


def _open(roster: Roster, list_id: UUID, title: str, version: int, actor_id: UUID | None) -> None:
    new = NewRoom(list_room_id(list_id), "list", title, list_id=list_id, source_version=version)
    roster.open(new, actor_id)
