"""Read positions: how far the caller has read, and what that leaves unread."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Response

from chat import schemas
from chat.actions.reading import mark_read
from chat.store import rooms
from chat.topics import room_topic
from common.etag import json_response
from common.identity import Me
from common.runtime import Rt
from common.schemas import encode

router = APIRouter(prefix="/api/chat", tags=["reading"])


@router.put("/rooms/{room_id}/read", operation_id="put_read_position", summary="I have read", status_code=204)
async def put_read_position(rt: Rt, me: Me, room_id: UUID, body: schemas.ReadPosition) -> None:
    """Up to a number; backwards only with `force`. One's other devices are told."""
    move = partial(mark_read, room_id=room_id, me=me.account_id, number=body.number, force=body.force)
    number = await rt.log.write([], move)
    if number is not None:
        rt.bus.signal(room_topic(room_id), "read", {"number": number}, only_account=me.account_id)


@router.get(
    "/unread", operation_id="list_unread", summary="What I have not read", response_model=schemas.UnreadRooms
)
async def list_unread(rt: Rt, me: Me) -> Response:
    """All rooms of the caller: the last number less how far they have read."""
    async with rt.database.read() as db:
        rows = await rooms.positions(db, me.account_id)
    items = [
        {
            "room_id": row.room_id,
            "unread": row.last_number - row.read_number,
            "last_number": row.last_number,
            "read_number": row.read_number,
        }
        for row in rows
    ]
    return json_response(encode({"items": items}))
