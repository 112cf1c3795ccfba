"""What has been said: edit, delete, react."""

from functools import partial
from uuid import UUID

from chat import schemas
from chat.actions.outcome import Outcome
from chat.store import AnyRow, messages, rooms
from chat.topics import room_topic
from common import etag
from common.errors import Conflict, Forbidden, Gone, NotFound
from common.log.transaction import Tx
from common.schemas import encode


class TooManyEmoji(Conflict):
    """A message carries only so many different emoji."""

    code, title = "too-many-emoji", f"A message can carry {schemas.MAX_EMOJI} different emoji"


async def edit(
    tx: Tx, room_id: UUID, message_id: UUID, me: UUID, change: schemas.MessagePatch, if_match: str | None
) -> Outcome:
    """Change the text of one's own message."""
    _, row, message = await _writable(tx, room_id, message_id, me, if_match)
    if row.author_id != me or row.kind != "message":
        raise Forbidden("Only the author may change a message.")
    if "body" not in change.model_fields_set or change.body == message.body:
        return Outcome(row.data, row.version)
    message.body, message.edited_at = change.body, tx.now
    return await _save(tx, message, me)


async def delete(tx: Tx, room_id: UUID, message_id: UUID, me: UUID, if_match: str | None) -> None:
    """Take a message back: its place and number stay, its words leave the table and the log."""
    room, row, message = await _writable(tx, room_id, message_id, me, if_match)
    if row.kind != "message":
        raise Forbidden("What happened to the list cannot be deleted.")
    if row.author_id != me and room.role != "owner":
        raise Forbidden("Only the author or an owner of the room may delete a message.")
    topic = room_topic(room_id)
    # Nor when it was edited: whoever catches up finds that event emptied, and could not know.
    message.body, message.reactions, message.edited_at = "", [], None
    message.deleted_at, message.version = tx.now, tx.next_seq(topic)
    await messages.change(
        tx.db, room_id, message_id, body="", deleted_at=tx.now, version=message.version, data=encode(message)
    )
    await tx.scrub(topic, message_id)
    gone = encode({"id": message_id, "version": message.version})
    tx.append(topic, "message.deleted", resource_id=message_id, actor_id=me, data=gone)


async def react(tx: Tx, room_id: UUID, message_id: UUID, me: UUID, emoji: str) -> Outcome:
    """Answer a message with an emoji; again changes nothing."""
    _, row, message = await _writable(tx, room_id, message_id, me, None)
    reaction = next((each for each in message.reactions if each.emoji == emoji), None)
    if reaction is None:
        if len(message.reactions) >= schemas.MAX_EMOJI:
            raise TooManyEmoji
        message.reactions.append(schemas.Reaction(emoji=emoji, account_ids=[me]))
    elif me in reaction.account_ids:
        return Outcome(row.data, row.version)
    else:
        reaction.account_ids.append(me)
    return await _save(tx, message, me)


async def unreact(tx: Tx, room_id: UUID, message_id: UUID, me: UUID, emoji: str) -> None:
    """Take one's emoji back."""
    *_, message = await _writable(tx, room_id, message_id, me, None)
    reaction = next((each for each in message.reactions if each.emoji == emoji), None)
    if reaction is None or me not in reaction.account_ids:
        raise NotFound
    reaction.account_ids.remove(me)
    if not reaction.account_ids:
        message.reactions.remove(reaction)
    await _save(tx, message, me)


async def _save(tx: Tx, message: schemas.Message, actor_id: UUID) -> Outcome:
    topic = room_topic(message.room_id)
    message.version = tx.next_seq(topic)
    data = encode(message)
    await messages.change(
        tx.db, message.room_id, message.id, body=message.body, version=message.version, data=data
    )
    tx.append(topic, "message.updated", resource_id=message.id, actor_id=actor_id, data=data)
    return Outcome(data, message.version)


async def _writable(
    tx: Tx, room_id: UUID, message_id: UUID, me: UUID, if_match: str | None
) -> tuple[AnyRow, AnyRow, schemas.Message]:
    """The room and a message of it that has not been deleted, as the caller sees them."""
    room = await rooms.visible(tx.db, room_id, me)
    row = None if room is None else await messages.get(tx.db, room_id, message_id)
    if room is None or row is None:
        raise NotFound
    if row.deleted_at is not None:
        raise Gone
    etag.if_match(if_match, row.version, partial(bytes, row.data))
    return room, row, schemas.Message.model_validate_json(row.data)
