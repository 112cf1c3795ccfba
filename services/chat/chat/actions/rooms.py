"""What people do with rooms and their members; the room of a list follows the list instead."""

from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from chat import schemas
from chat.actions.outcome import Outcome
from chat.actions.roster import NewMember, NewRoom, Roster
from chat.store import AnyRow, members, rooms
from chat.topics import direct_room_id, room_topic, user_topic
from common import etag
from common.errors import Conflict, Forbidden, Gone, IdConflict, Invalid, NotFound, VersionConflict
from common.ids import body_digest
from common.log.transaction import Tx


class FollowsList(Forbidden):
    """The room of a list cannot be changed by hand."""

    code, title = "follows-list", "The room of a list follows the list"


class DirectRoom(Forbidden):
    """The room of two people stays as it is."""

    code, title = "direct-room", "The room of two people cannot be changed"


class LastOwner(Conflict):
    """A room keeps an owner."""

    code, title = "last-owner", "The last owner cannot go or become less"


async def create_group(tx: Tx, room_id: UUID, me: UUID, command: schemas.GroupCreate) -> Outcome:
    """Open a group. Asked again with the same id it is answered with the room as it is now."""
    digest = body_digest(command)
    await tx.create(room_topic(room_id))  # and lock it: the second of two who chose one id sees the first's
    roster = await Roster.read(tx, [room_id])
    known = roster.room(room_id)
    if known is not None:
        if known.creator_id != me or known.digest != digest:
            raise IdConflict
        mine = await rooms.visible(tx.db, room_id, me)
        if mine is None:
            raise Gone("It was deleted, or you have left it.")
        return Outcome(view(mine), mine.version)
    room = roster.open(NewRoom(room_id, "group", command.title, creator_id=me, digest=digest), me)
    roster.put(room_id, NewMember(me, "owner"), me)
    await roster.write()
    return room._replace(data=with_role(room.data, "owner"))


async def open_direct(tx: Tx, me: UUID, other: UUID) -> Outcome:
    """The room of two people, opened by whoever asks first. Neither owns it."""
    if me == other:
        raise Invalid.field("/account_id", "yourself", "must be someone else")
    room_id = direct_room_id(me, other)
    mine = await rooms.visible(tx.db, room_id, me)
    if mine is not None:
        return Outcome(view(mine), mine.version)
    await tx.create(room_topic(room_id))
    roster = await Roster.read(tx, [room_id])
    pair = sorted((me, other))
    room = roster.open(NewRoom(room_id, "direct", None, account_ids=pair, creator_id=me), me)
    for account_id in pair:
        roster.put(room_id, NewMember(account_id, "editor"), me)
    await roster.write()
    return room._replace(data=with_role(room.data, "editor"))


async def rename(tx: Tx, room_id: UUID, me: UUID, change: schemas.RoomPatch, if_match: str | None) -> Outcome:
    """Give a group another title."""
    room = await _group(tx.db, room_id, me)
    if room.role == "viewer":
        raise Forbidden("Viewers may not change the title.")
    etag.if_match(if_match, room.version, partial(view, room))
    if "title" not in change.model_fields_set:
        return Outcome(view(room), room.version)
    roster = await Roster.read(tx, [room_id])
    renamed = roster.retitle(room_id, change.title, me)
    await roster.write()
    return renamed._replace(data=with_role(renamed.data, room.role))


async def delete_room(tx: Tx, room_id: UUID, me: UUID, if_match: str | None) -> None:
    """Delete a group for everyone."""
    room = await _group(tx.db, room_id, me)
    _owner(room)
    etag.if_match(if_match, room.version, partial(view, room))
    roster = await Roster.read(tx, [room_id], everyone=[room_id])
    await tx.lock(*map(user_topic, roster.accounts(room_id)))
    roster.close(room_id, me)
    await roster.write()


async def check_may_put(db: AsyncConnection, room_id: UUID, me: UUID) -> None:
    """Refuse whoever may not let people in: before auth is asked about an account, then under the lock."""
    _owner(await _group(db, room_id, me))


async def put(
    tx: Tx, room_id: UUID, me: UUID, account_id: UUID, role: schemas.Role, if_match: str | None
) -> Outcome:
    """Let someone into a group, or give a member another role."""
    await check_may_put(tx.db, room_id, me)
    roster = await Roster.read(tx, [room_id], [(room_id, account_id)])
    known = roster.member(room_id, account_id)
    if known is None and if_match is not None:
        raise VersionConflict(current=None)
    if known is not None:
        etag.if_match(if_match, known.version, partial(bytes, known.data))
        if known.role == role:
            return Outcome(known.data, known.version)
        if known.role == "owner":
            await _keep_an_owner(tx, room_id)
    await tx.lock(user_topic(account_id))
    outcome = roster.put(room_id, NewMember(account_id, role), me)
    await roster.write()
    return outcome


async def remove(tx: Tx, room_id: UUID, me: UUID, account_id: UUID, if_match: str | None) -> None:
    """Take someone out of a group; everyone may leave by themselves."""
    room = await _group(tx.db, room_id, me)
    if account_id != me:
        _owner(room)
    roster = await Roster.read(tx, [room_id], [(room_id, account_id)])
    known = roster.member(room_id, account_id)
    if known is None:
        raise NotFound
    etag.if_match(if_match, known.version, partial(bytes, known.data))
    if known.role == "owner":
        await _keep_an_owner(tx, room_id)
    await tx.lock(user_topic(account_id))
    roster.drop(room_id, account_id, me)
    await roster.write()


def view(room: AnyRow) -> bytes:
    """A room's bytes as its reader gets them."""
    return with_role(room.data, room.role)


def with_role(data: bytes, role: str) -> bytes:
    """A room's stored bytes with the reader's role, which nothing shared may hold."""
    return data[:-1] + b',"my_role":"' + role.encode() + b'"}'


async def _group(db: AsyncConnection, room_id: UUID, me: UUID) -> AnyRow:
    room = await rooms.visible(db, room_id, me)
    if room is None:
        raise NotFound
    if room.kind == "list":
        raise FollowsList
    if room.kind == "direct":
        raise DirectRoom
    return room


def _owner(room: AnyRow) -> None:
    if room.role != "owner":
        raise Forbidden("Only an owner of the room may do that.")


async def _keep_an_owner(tx: Tx, room_id: UUID) -> None:
    if await members.owners(tx.db, room_id) < 2:
        raise LastOwner
