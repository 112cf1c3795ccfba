"""/api/chat/rooms/{room_id}/members: who is in a room."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request, Response

from chat import schemas
from chat.actions import rooms as actions
from chat.models import accounts
from chat.routes.rendering import reply, topic_page
from chat.store import members, rooms
from chat.topics import room_topic
from common import etag
from common.accounts import require_account
from common.errors import NotFound
from common.etag import IfMatch, conditional
from common.identity import Me
from common.log.reader import head
from common.pages import NOT_MODIFIED, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, TopicPage, cursor_encode

router = APIRouter(prefix="/api/chat/rooms/{room_id}/members", tags=["members"])


@router.get(
    "",
    operation_id="list_room_members",
    summary="Who is in a room",
    response_model=TopicPage[schemas.Member],
    responses=NOT_MODIFIED,
)
async def list_room_members(
    rt: Rt, me: Me, room_id: UUID, request: Request, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """By account id."""
    after = parse_cursor(cursor, 1, UUID)
    async with rt.database.read() as db:
        place = await head(db, room_topic(room_id), rooms.is_member(me.account_id, room_id))
        if place is None:
            raise NotFound
        rows = await members.page(db, room_id, after, limit + 1)
    more = cursor_encode(rows[limit - 1].account_id) if len(rows) > limit else None
    body = topic_page((row.data for row in rows[:limit]), more, place)
    return conditional(request, lambda: body, etag.collection_etag(place.epoch, place.seq, request))


@router.put(
    "/{account_id}",
    operation_id="put_room_member",
    summary="Let someone into a group, or change their role",
    response_model=schemas.Member,
    responses={201: {"model": schemas.Member, "description": "Came in"}},
)
async def put_room_member(
    rt: Rt, me: Me, room_id: UUID, account_id: UUID, body: schemas.MemberPut, if_match: IfMatch = None
) -> Response:
    """Owners of a group; the members of a list's room follow the list."""
    action = partial(
        actions.put,
        room_id=room_id,
        me=me.account_id,
        account_id=account_id,
        role=body.role,
        if_match=if_match,
    )
    async with rt.database.read() as db:
        await actions.check_may_put(db, room_id, me.account_id)
    await require_account(rt, accounts, account_id)
    return reply(await rt.log.write([room_topic(room_id)], action))


@router.delete(
    "/{account_id}", operation_id="delete_room_member", summary="Take someone out of a group", status_code=204
)
async def delete_room_member(
    rt: Rt, me: Me, room_id: UUID, account_id: UUID, if_match: IfMatch = None
) -> None:
    """Owners of a group, and everyone for themselves."""
    action = partial(
        actions.remove, room_id=room_id, me=me.account_id, account_id=account_id, if_match=if_match
    )
    await rt.log.write([room_topic(room_id)], action)
