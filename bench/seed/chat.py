"""Rooms with their messages, members and log."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from bench.seed.bulk import AT_ONCE, EPOCH, Copies, put, transaction
from chat.models import Member, Message, Room, log
from chat.schemas import Message as MessageState
from chat.schemas import Room as RoomState
from chat.topics import room_topic
from common.ids import new_id
from common.schemas import encode

AT = datetime(2026, 11, 1, 9, tzinfo=UTC)
TEXT = "Who brings what we need for Saturday? I can take the charcoal and the small grill."


def rooms(url: str, members: Sequence[str], count: int, messages: int) -> list[UUID]:
    """So many rooms with so many messages each; all of these accounts are editors. `url` is chat's
    database."""
    first, *others = made = [new_id() for _ in range(count)]
    with transaction(url) as connection:
        put(connection, Room.__table__, (_room(each, members[0], messages) for each in made))
        put(connection, Member.__table__, _members(made, members))
        topic = {"topic": room_topic(first).encode(), "seq": messages + 1, "epoch": EPOCH, "floor": 0}
        put(connection, log.topics, [topic])
        _messages(connection, first, UUID(members[0]), messages)
        copies = Copies(connection, first, others)
        copies.rows(Message.__table__, "room_id")
        copies.log(log.topics, "room")
        copies.log(log.events, "room")
    return made


def _messages(connection: Connection, room_id: UUID, author: UUID, count: int) -> None:
    made = (_message(room_id, author, number + 1) for number in range(count))
    while batch := list(islice(made, AT_ONCE)):
        put(connection, Message.__table__, (_message_row(each) for each in batch))
        put(connection, log.events, (_event_row(each) for each in batch))


def _message(room_id: UUID, author: UUID, number: int) -> MessageState:
    return MessageState(
        id=new_id(),
        room_id=room_id,
        seq=number + 1,
        number=number,
        kind="message",
        author_id=author,
        body=TEXT,
        thread_id=None,
        task_id=None,
        activity=None,
        created_at=AT,
        edited_at=None,
        deleted_at=None,
        reactions=[],
        version=number + 1,
    )


def _room(room_id: UUID, creator: str, messages: int) -> dict[str, Any]:
    state = RoomState(id=room_id, kind="group", list_id=None, title="Saturday", account_ids=None, version=1)
    return {
        **state.model_dump(exclude={"account_ids"}),
        "last_number": messages,
        "source_version": None,
        "creator_id": UUID(creator),
        "digest": bytes(32),
        "deleted_at": None,
        "data": encode(state),
    }


def _members(made: Sequence[UUID], members: Sequence[str]) -> Iterator[dict[str, Any]]:
    for room_id in made:
        for member in members:
            about = {"room_id": room_id, "account_id": UUID(member), "role": "editor", "version": 1}
            yield {**about, "read_number": 0, "source_version": None, "data": encode(about)}


def _message_row(message: MessageState) -> dict[str, Any]:
    columns = {"id", "room_id", "seq", "number", "kind", "author_id", "body", "thread_id", "version"}
    rest = {"digest": bytes(32), "deleted_at": None, "data": encode(message)}
    return {**message.model_dump(include=columns), **rest}


def _event_row(message: MessageState) -> dict[str, Any]:
    return {
        "topic": room_topic(message.room_id).encode(),
        "seq": message.version,
        "kind": b"message.created",
        "resource_id": message.id,
        "actor_id": message.author_id,
        "at": message.created_at,
        "data": encode(message),
        "revokes": None,
    }
