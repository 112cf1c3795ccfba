"""Every list has its room: what todo's log `lists` says is done to the rooms, once and in order.

Versions of lists and of their members guard against what a snapshot already contained.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from chat import schemas
from chat.actions.roster import NewMember, NewRoom, close_rooms, drop_member, open_room, put_member, retitle
from chat.actions.sending import post_activity
from chat.store import AnyRow, members, rooms
from chat.topics import list_room_id, room_topic, user_topic
from common.log.source import FollowedEvent
from common.log.transaction import Tx


async def apply(tx: Tx, event: FollowedEvent) -> None:
    """Do to the room what happened to the list."""
    step = STEPS.get(event.kind)
    emptied = event.kind != "list.deleted" and event.data.keys() == {"id", "version"}
    if step is not None and not emptied:  # what was emptied has been deleted since: that follows
        await step(tx, event)


async def restore(tx: Tx, item: dict[str, Any]) -> None:
    """Make a list's room what a snapshot says.

    A snapshot tells what is, not what happened: there are events for what differs, but no activity lines.
    """
    list_id, version = UUID(item["id"]), item["version"]
    room_id = list_room_id(list_id)
    room = await _locked(tx, room_id)
    if room is None or room.deleted_at is not None:
        await _open(tx, list_id, item["title"], version, None, again=room is not None)
    elif room.title != item["title"]:
        await retitle(tx, room, item["title"], None, version)
    elif room.source_version != version:
        await rooms.change(tx.db, room_id, source_version=version)
    known = {member.account_id: member for member in await members.of_rooms(tx.db, [room_id])}
    wanted = {UUID(member["account_id"]): member for member in item["members"]}
    await tx.lock(*(user_topic(account_id) for account_id in known.keys() | wanted.keys()))
    for account_id in known.keys() - wanted.keys():
        await drop_member(tx, room_id, account_id, None)
    for account_id, member in wanted.items():
        new = NewMember(account_id, member["role"], member["version"])
        await _member_is(tx, room_id, new, None, known.get(account_id))


async def retain(tx: Tx, list_ids: set[UUID]) -> None:
    """Delete the rooms of lists that a snapshot did not contain."""
    lost = [room.id for room in await rooms.of_lists(tx.db) if room.list_id not in list_ids]
    await tx.lock(*map(room_topic, lost))
    await close_rooms(tx, lost, None)


async def _list_put(tx: Tx, event: FollowedEvent) -> None:
    list_id, title, version = event.resource_id, event.data["title"], event.data["version"]
    room = await _locked(tx, list_room_id(list_id))
    if room is None:
        await _open(tx, list_id, title, version, event.actor_id)
        await _tell(tx, list_id, event, "list.created", title=title)
    elif room.deleted_at is not None or version <= room.source_version:
        return
    elif title != room.title:
        await retitle(tx, room, title, event.actor_id, version)
        await _tell(tx, list_id, event, "list.renamed", title=title)
    else:
        await rooms.change(tx.db, room.id, source_version=version)


async def _list_deleted(tx: Tx, event: FollowedEvent) -> None:
    room = await _locked(tx, list_room_id(event.resource_id))
    if room is not None and room.deleted_at is None:
        await close_rooms(tx, [room.id], event.actor_id)


async def _member_put(tx: Tx, event: FollowedEvent) -> None:
    list_id, account_id = UUID(event.data["list_id"]), UUID(event.data["account_id"])
    room = await _locked(tx, list_room_id(list_id))
    if room is None or room.deleted_at is not None:
        return
    known = await members.get(tx.db, room.id, account_id)
    if known is not None and known.source_version >= event.data["version"]:
        return
    new = NewMember(account_id, event.data["role"], event.data["version"])
    if await _member_is(tx, room.id, new, event.actor_id, known):
        line = "member.added" if known is None else "member.changed"
        await _tell(tx, list_id, event, line, account_id=account_id, role=new.role)


async def _member_removed(tx: Tx, event: FollowedEvent) -> None:
    list_id, account_id = UUID(event.data["list_id"]), UUID(event.data["account_id"])
    room = await _locked(tx, list_room_id(list_id))
    known = None if room is None else await members.get(tx.db, room.id, account_id)
    if room is None or known is None or known.source_version >= event.data["version"]:
        return
    await drop_member(tx, room.id, account_id, event.actor_id)
    await _tell(tx, list_id, event, "member.removed", account_id=account_id)


STEPS: dict[str, Callable[[Tx, FollowedEvent], Awaitable[None]]] = {
    "list.created": _list_put,
    "list.updated": _list_put,
    "list.deleted": _list_deleted,
    "member.put": _member_put,
    "member.removed": _member_removed,
}


async def _locked(tx: Tx, room_id: UUID) -> AnyRow | None:
    await tx.lock(room_topic(room_id))
    return await rooms.get(tx.db, room_id)


async def _open(
    tx: Tx, list_id: UUID, title: str, version: int, actor_id: UUID | None, *, again: bool = False
) -> None:
    new = NewRoom(list_room_id(list_id), "list", title, list_id=list_id, source_version=version)
    await open_room(tx, new, actor_id, again=again)


async def _member_is(
    tx: Tx, room_id: UUID, new: NewMember, actor_id: UUID | None, known: AnyRow | None
) -> bool:
    """Make someone a member with a role; tells whether that changed anything."""
    if known is not None and known.role == new.role:
        if known.source_version != new.source_version:
            await members.change(tx.db, room_id, new.account_id, source_version=new.source_version)
        return False
    await put_member(tx, room_id, new, actor_id, known=known)
    return True


async def _tell(
    tx: Tx,
    list_id: UUID,
    event: FollowedEvent,
    kind: str,
    *,
    account_id: UUID | None = None,
    title: str | None = None,
    role: schemas.Role | None = None,
) -> None:
    activity = schemas.Activity.model_validate(
        {"kind": kind, "account_id": account_id, "title": title, "role": role}
    )
    await post_activity(tx, list_room_id(list_id), event.actor_id, activity)
