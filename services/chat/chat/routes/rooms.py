"""/api/chat/rooms: the rooms of the caller."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chat import schemas
from chat.actions import rooms as actions
from chat.models import accounts
from chat.routes.rendering import reply, topic_page
from chat.store import AnyRow, rooms
from chat.topics import direct_room_id, list_room_id, room_topic, user_topic
from common import etag
from common.accounts import require_account
from common.errors import NotFound
from common.etag import IfMatch, conditional, json_response
from common.identity import Me
from common.ids import new_id
from common.log.reader import After, AskedEpoch, Head, events_response, head
from common.pages import NOT_MODIFIED, digest_tag, parse_cursor
from common.runtime import Rt, Runtime
from common.schemas import Cursor, Limit, TopicPage, cursor_encode

router = APIRouter(prefix="/api/chat/rooms", tags=["rooms"])


@router.get(
    "",
    operation_id="list_rooms",
    summary="My rooms",
    response_model=TopicPage[schemas.RoomView],
    responses=NOT_MODIFIED,
)
async def list_rooms(
    rt: Rt, me: Me, request: Request, limit: Limit = 50, cursor: Cursor = None, list_id: UUID | None = None
) -> Response:
    """By id; `list_id` asks for the room of one list. `seq` and `epoch` are those of `user:<me>`.

    That topic says which rooms come and go; titles change without it, so the ETag is a digest of the page.
    """
    after = parse_cursor(cursor, 1, UUID)
    place = await _own_place(rt, me.account_id)
    async with rt.database.read() as db:
        if list_id is not None:
            row = await rooms.visible(db, list_room_id(list_id), me.account_id)
            rows: Sequence[AnyRow] = [row] if row else []
        else:
            rows = await rooms.page(db, me.account_id, after, limit + 1)
    more = cursor_encode(rows[limit - 1].id) if len(rows) > limit else None
    body = topic_page(map(actions.view, rows[:limit]), more, place)
    return conditional(request, partial(bytes, body), digest_tag(body))


async def _own_place(rt: Runtime, account_id: UUID) -> Head:
    """Where the caller's own topic stands; it begins here when nothing has happened to them yet."""
    topic = user_topic(account_id)
    while True:
        async with rt.database.read() as db:
            place = await head(db, topic)
        if place is not None:
            return place
        await rt.log.ensure(topic)


@router.post(
    "",
    operation_id="create_room",
    summary="Open a group, or the room of two people",
    status_code=201,
    response_model=schemas.RoomView,
    responses={200: {"model": schemas.RoomView, "description": "It was there already"}},
)
async def create_room(rt: Rt, me: Me, body: schemas.RoomCreate) -> Response:
    """A group may bring its id, to be sent again safely; the room of two people is always the same one."""
    mine = user_topic(me.account_id)
    if isinstance(body, schemas.ListRoomCreate):
        raise actions.FollowsList
    if isinstance(body, schemas.DirectCreate):
        await require_account(rt, accounts, body.account_id)
        topic = room_topic(direct_room_id(me.account_id, body.account_id))
        open_direct = partial(actions.open_direct, me=me.account_id, other=body.account_id)
        return reply(await rt.log.write([topic, mine, user_topic(body.account_id)], open_direct))
    room_id = body.id or new_id()
    create = partial(actions.create_group, room_id=room_id, me=me.account_id, command=body)
    return reply(await rt.log.write([room_topic(room_id), mine], create))


@router.get(
    "/{room_id}",
    operation_id="get_room",
    summary="One room",
    response_model=schemas.RoomView,
    responses=NOT_MODIFIED,
)
async def get_room(rt: Rt, me: Me, room_id: UUID, request: Request) -> Response:
    """With what the caller may do in it."""
    async with rt.database.read() as db:
        row = await rooms.visible(db, room_id, me.account_id)
    if row is None:
        raise NotFound
    # Then the version alone does not say whether the role is still the one that was shown with it.
    if row.role_version > row.version:
        return json_response(actions.view(row), tag=etag.etag(row.version))
    return conditional(request, partial(actions.view, row), etag.etag(row.version))


@router.patch(
    "/{room_id}", operation_id="update_room", summary="Rename a group", response_model=schemas.RoomView
)
async def update_room(
    rt: Rt, me: Me, room_id: UUID, body: schemas.RoomPatch, if_match: IfMatch = None
) -> Response:
    """Owners and editors of a group; the title of a list's room follows the list."""
    rename = partial(actions.rename, room_id=room_id, me=me.account_id, change=body, if_match=if_match)
    return reply(await rt.log.write([room_topic(room_id)], rename))


@router.delete("/{room_id}", operation_id="delete_room", summary="Delete a group", status_code=204)
async def delete_room(rt: Rt, me: Me, room_id: UUID, if_match: IfMatch = None) -> None:
    """Owners of a group; the room of a list goes with the list."""
    delete = partial(actions.delete_room, room_id=room_id, me=me.account_id, if_match=if_match)
    await rt.log.write([room_topic(room_id)], delete)


@router.get(
    "/{room_id}/events",
    operation_id="list_room_events",
    summary="The log of a room",
    response_model=TopicPage[schemas.Event],
)
async def list_room_events(
    rt: Rt, me: Me, room_id: UUID, after: After = 0, limit: Limit = 50, epoch: AskedEpoch = None
) -> Response:
    """What happened in the room after a number; 410 `log-pruned` when the log does not reach so far."""
    topic = room_topic(room_id)
    async with rt.database.read() as db:
        member = rooms.is_member(me.account_id, room_id)
        return await events_response(db, topic, after=after, limit=limit, epoch=epoch, where=member)
