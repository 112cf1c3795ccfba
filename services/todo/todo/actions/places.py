"""Finding a task its place in the order of the list, under the list's lock."""

from uuid import UUID

from common.errors import Invalid
from common.log.transaction import Tx
from todo import store
from todo.actions.saving import save_task
from todo.positions import MAX_LENGTH, between, spread
from todo.schemas import Task
from todo.topics import list_topic

COMFORTABLE = MAX_LENGTH // 2
"""Bytes that moved-apart neighbours may have, so that many tasks fit between them before it happens again."""
WINDOW = 8
"""Neighbours on either side that move apart at first; more, when they are still too close."""


async def find_place(
    tx: Tx, actor_id: UUID, list_id: UUID, after: UUID | None, moving: Task | None = None
) -> str:
    """The position behind the task `after` (None: first). A task that stands there already keeps its own.

    May re-rank neighbours, with their events, so the caller numbers its own event afterwards.
    """
    moving_id = moving.id if moving else None
    lower = None if after is None else await store.order.position(tx.db, list_id, after)
    if after is not None and lower is None:
        raise Invalid.field("/after_id", "unknown-task", "is no task of this list")
    following = await store.order.behind(tx.db, list_id, lower, 1, moving_id)
    upper = following[0].position if following else None
    if moving and (lower is None or lower < moving.position) and (upper is None or moving.position < upper):
        return moving.position
    position = between(lower, upper)
    return (
        position if len(position) <= MAX_LENGTH else await _make_room(tx, actor_id, list_id, lower, moving_id)
    )


async def _make_room(tx: Tx, actor_id: UUID, list_id: UUID, lower: str | None, moving: UUID | None) -> str:
    """Move the neighbours of a place apart; returns the position that has become free there."""
    count = WINDOW
    while True:
        left = await store.order.before(tx.db, list_id, lower, count + 1, moving)
        right = await store.order.behind(tx.db, list_id, lower, count + 1, moving)
        floor = left.pop(0).position if len(left) > count else None
        ceiling = right.pop().position if len(right) > count else None
        free = spread(floor, ceiling, len(left) + 1 + len(right))
        if (floor is None and ceiling is None) or max(map(len, free)) <= COMFORTABLE:
            break
        count *= 2
    place = free.pop(len(left))
    for neighbour, position in zip([*left, *right], free, strict=True):
        if neighbour.position != position:
            task = Task.model_validate_json(neighbour.data)
            moved = {"position": position, "version": tx.next_seq(list_topic(list_id))}
            await save_task(tx, actor_id, task.model_copy(update=moved))
    return place
