"""How far people have read: one position a member, and no row per reader and message."""

from uuid import UUID

from chat.store import rooms
from common.errors import NotFound
from common.log.transaction import Tx


async def mark_read(tx: Tx, room_id: UUID, me: UUID, number: int, force: bool) -> int | None:
    """Move the caller's read position; returns where it is now, or None when it did not move.

    Not an event of the room: nobody else is told how far someone has read.
    """
    room = await rooms.visible(tx.db, room_id, me)
    if room is None:
        raise NotFound
    number = min(number, room.last_number)
    moved = await rooms.move_position(tx.db, room_id, me, number, back=force)
    return number if moved else None
