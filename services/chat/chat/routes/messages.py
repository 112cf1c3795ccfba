"""/api/chat/rooms/{room_id}/messages: what is said in a room."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from chat import schemas
from chat.actions import messages as actions
from chat.actions.sending import SendMessage, send_messages
from chat.routes.rendering import direction_and_seq, reply, topic_page
from chat.store import messages, rooms
from chat.topics import room_topic
from common import etag
from common.errors import Invalid, NotFound
from common.etag import IfMatch, collection_etag, conditional, json_response
from common.identity import Me
from common.ids import new_id
from common.log.reader import head
from common.pages import NOT_MODIFIED, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, TopicPage, cursor_encode

router = APIRouter(prefix="/api/chat/rooms/{room_id}/messages", tags=["messages"])

Emoji = Annotated[str, Depends(schemas.one_emoji)]
Place = Annotated[int | None, Query(ge=0, le=2**53, description="a message's `seq`")]


@router.get(
    "",
    operation_id="list_messages",
    summary="What was said",
    response_model=TopicPage[schemas.Message],
    responses=NOT_MODIFIED,
)
async def list_messages(
    rt: Rt,
    me: Me,
    room_id: UUID,
    request: Request,
    limit: Limit = 50,
    cursor: Cursor = None,
    before: Place = None,
    after: Place = None,
    thread: UUID | None = None,
) -> Response:
    """Ascending in every page: the newest, or those before or after a place; `next` goes on that way."""
    if before is not None and after is not None:
        raise Invalid.field("after", "before-and-after", "give before or after, not both")
    if (going_on := parse_cursor(cursor, 2, direction_and_seq)) is not None:
        direction, at = going_on
        before, after = (at, None) if direction == "before" else (None, at)
    async with rt.database.read() as db:
        place = await head(db, room_topic(room_id), rooms.is_member(me.account_id, room_id))
        if place is None:
            raise NotFound
        tag = collection_etag(place.epoch, place.seq, request)
        if etag.not_modified(request, tag):
            return conditional(request, bytes, tag)
        if after is not None:
            found = await messages.following(db, room_id, limit + 1, thread_id=thread, after=after)
        else:
            found = await messages.newest(db, room_id, limit + 1, thread_id=thread, before=before)
    rows = list(found[:limit])
    direction = "before" if after is None else "after"
    more = cursor_encode(direction, rows[-1].seq) if len(found) > limit else None
    if after is None:
        rows.reverse()
    return json_response(topic_page((row.data for row in rows), more, place), tag=tag)


@router.post(
    "",
    operation_id="create_message",
    summary="Say something",
    status_code=201,
    response_model=schemas.Message,
    responses={200: {"model": schemas.Message, "description": "It was sent already"}},
)
async def create_message(rt: Rt, me: Me, room_id: UUID, body: schemas.MessageCreate) -> Response:
    """Every member may, viewers too. With an `id` it can be sent again without being said twice."""
    command = SendMessage(room_id, me.account_id, body.id or new_id(), body)
    return reply(await rt.log.write_batched(room_topic(room_id), send_messages, command))


@router.get(
    "/{message_id}",
    operation_id="get_message",
    summary="One message",
    response_model=schemas.Message,
    responses=NOT_MODIFIED,
)
async def get_message(rt: Rt, me: Me, room_id: UUID, message_id: UUID, request: Request) -> Response:
    """A deleted one is still there, without its words."""
    async with rt.database.read() as db:
        room = await rooms.visible(db, room_id, me.account_id)
        row = None if room is None else await messages.get(db, room_id, message_id)
    if row is None:
        raise NotFound
    return conditional(request, partial(bytes, row.data), etag.etag(row.version))


@router.patch(
    "/{message_id}", operation_id="update_message", summary="Edit a message", response_model=schemas.Message
)
async def update_message(
    rt: Rt, me: Me, room_id: UUID, message_id: UUID, body: schemas.MessagePatch, if_match: IfMatch = None
) -> Response:
    """Its author only."""
    edit = partial(
        actions.edit, room_id=room_id, message_id=message_id, me=me.account_id, change=body, if_match=if_match
    )
    return reply(await rt.log.write([room_topic(room_id)], edit))


@router.delete("/{message_id}", operation_id="delete_message", summary="Delete a message", status_code=204)
async def delete_message(rt: Rt, me: Me, room_id: UUID, message_id: UUID, if_match: IfMatch = None) -> None:
    """Its author, or an owner of the room. Its place and number stay; its words leave the log too."""
    delete = partial(
        actions.delete, room_id=room_id, message_id=message_id, me=me.account_id, if_match=if_match
    )
    await rt.log.write([room_topic(room_id)], delete)


@router.put(
    "/{message_id}/reactions/{emoji}",
    operation_id="put_reaction",
    summary="Answer with an emoji",
    response_model=schemas.Message,
)
async def put_reaction(rt: Rt, me: Me, room_id: UUID, message_id: UUID, emoji: Emoji) -> Response:
    """Every member may; again changes nothing."""
    react = partial(actions.react, room_id=room_id, message_id=message_id, me=me.account_id, emoji=emoji)
    return reply(await rt.log.write([room_topic(room_id)], react))


@router.delete(
    "/{message_id}/reactions/{emoji}",
    operation_id="delete_reaction",
    summary="Take an emoji back",
    status_code=204,
)
async def delete_reaction(rt: Rt, me: Me, room_id: UUID, message_id: UUID, emoji: Emoji) -> None:
    """One's own only; again 404."""
    unreact = partial(actions.unreact, room_id=room_id, message_id=message_id, me=me.account_id, emoji=emoji)
    await rt.log.write([room_topic(room_id)], unreact)
