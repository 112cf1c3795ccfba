"""Saying things, and the lines that tell what happened to a list.

What is sent in one moment is decided in its order and written together, in a few statements.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from chat import schemas
from chat.actions.outcome import Outcome
from chat.store import AnyRow, messages, rooms
from chat.store.messages import Attempt, Creation, Preconditions
from chat.topics import room_topic
from common.errors import Gone, IdConflict, Invalid, NotFound, ServiceError
from common.ids import body_digest, new_id
from common.log.transaction import Tx
from common.schemas import encode


class SendMessage(NamedTuple):
    """What somebody has to say."""

    room_id: UUID
    author_id: UUID
    message_id: UUID
    body: schemas.MessageCreate


async def send_messages(tx: Tx, commands: Sequence[SendMessage]) -> list[Outcome | ServiceError]:
    """Say things in one or several rooms, whose topics are locked. What refuses one of them is its own.

    Sent again with the same id, it is answered with the message as it is now.
    """
    attempts = [(each.room_id, each.author_id, each.message_id) for each in commands]
    chosen = {(each.room_id, each.message_id) for each in commands if each.body.id is not None}
    sending = _Sending(tx, await messages.preconditions(tx.db, attempts, chosen))
    results: list[Outcome | ServiceError] = []
    for command in commands:
        try:
            results.append(await sending.send(command))
        except ServiceError as error:
            results.append(error)
    await sending.write()
    return results


def tell_activity(
    tx: Tx, room_id: UUID, actor_id: UUID | None, activity: schemas.Activity
) -> dict[str, object]:
    """Tell in the room what happened to its list: a line without a number, so that nobody has it unread.

    Returns its row, for the caller to write.
    """
    line = _new(tx, room_id, actor_id, new_id(), body="")
    line.kind, line.activity = "activity", activity
    data = encode(line)
    _append(tx, line, data)
    return _row(line, data, None)


class _Sending:
    """What is known of the rooms while new messages in them are decided one after the other."""

    def __init__(self, tx: Tx, preconditions: Mapping[Attempt, Preconditions]) -> None:
        self._tx = tx
        self._preconditions = preconditions
        self._sent: dict[tuple[UUID, UUID], Creation] = {}  # what was decided here
        self._numbers: dict[UUID, int] = {}  # the last one of a room since then
        self._moved: dict[UUID, dict[UUID, int]] = defaultdict(
            dict
        )  # room, author: up to where they have read
        self._rows: list[dict[str, object]] = []  # decided, not written yet

    async def send(self, command: SendMessage) -> Outcome:
        """Decide one; a ServiceError leaves nothing behind."""
        room_id, author_id, message_id, body = command
        known = self._preconditions.get((room_id, author_id, message_id))
        if known is None:
            raise NotFound
        digest = body_digest(body)
        earlier = self._sent.get((room_id, message_id), known.earlier)
        if earlier is not None:
            return _repeated(earlier, author_id, digest)
        thread_id = await self._thread(known.room, body)
        message = _new(self._tx, room_id, author_id, message_id, body=body.body)
        message.thread_id, message.task_id = thread_id, body.task_id
        if thread_id is None:
            message.number = self._numbers.get(room_id, known.room.last_number) + 1
            self._numbers[room_id] = message.number
            self._moved[room_id][author_id] = message.number
        data = encode(message)
        self._rows.append(_row(message, data, digest))
        self._sent[room_id, message_id] = Creation(author_id, digest, None, data, message.version)
        _append(self._tx, message, data)
        return Outcome(data, message.version, created=True)

    async def write(self) -> None:
        """Write what was decided. Who sends has read what is above."""
        rows, self._rows = self._rows, []
        await messages.add(self._tx.db, rows)
        moved, self._moved = self._moved, defaultdict(dict)
        for room_id, positions in moved.items():
            await rooms.advance(self._tx.db, room_id, self._numbers[room_id], positions)

    async def _thread(self, room: AnyRow, body: schemas.MessageCreate) -> UUID | None:
        """The thread it belongs to: a message's, or the discussion of a task of the room's list."""
        if body.task_id is not None:
            if room.kind != "list":
                raise Invalid.field("/task_id", "no-list", "only the room of a list discusses tasks")
            if body.thread_id not in (None, body.task_id):
                raise Invalid.field(
                    "/thread_id", "two-threads", "a task's discussion is one thread; leave this out"
                )
            return body.task_id
        if body.thread_id is not None:
            await self.write()  # it may have been sent just now
            root = await messages.get(self._tx.db, room.id, body.thread_id)
            if root is None or root.thread_id is not None:
                raise Invalid.field(
                    "/thread_id", "unknown-thread", "must be a message of the room that begins a thread"
                )
        return body.thread_id


def _repeated(earlier: Creation, author_id: UUID, digest: bytes) -> Outcome:
    if (earlier.author_id, earlier.digest) != (author_id, digest):
        raise IdConflict
    if earlier.deleted_at is not None:
        raise Gone
    return Outcome(earlier.data, earlier.version)


def _new(tx: Tx, room_id: UUID, author_id: UUID | None, message_id: UUID, *, body: str) -> schemas.Message:
    seq = tx.next_seq(room_topic(room_id))
    return schemas.Message(
        id=message_id,
        room_id=room_id,
        seq=seq,
        number=None,
        kind="message",
        author_id=author_id,
        body=body,
        thread_id=None,
        task_id=None,
        activity=None,
        created_at=tx.now,
        edited_at=None,
        deleted_at=None,
        reactions=[],
        version=seq,
    )


_COLUMNS = {"id", "room_id", "seq", "number", "kind", "author_id", "body", "thread_id", "version"}


def _row(message: schemas.Message, data: bytes, digest: bytes | None) -> dict[str, object]:
    return message.model_dump(include=_COLUMNS) | {"data": data, "digest": digest}


def _append(tx: Tx, message: schemas.Message, data: bytes) -> None:
    topic = room_topic(message.room_id)
    tx.append(topic, "message.created", resource_id=message.id, actor_id=message.author_id, data=data)
