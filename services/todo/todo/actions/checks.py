"""What a task may refer to: a parent in its list, people who are members of it."""

from uuid import UUID

from common.errors import Invalid
from common.log.transaction import Tx
from todo import store

MAX_DEPTH = 32
"""Tasks within tasks: more than anyone oversees, less than a recursive query may take."""


async def check_parent(tx: Tx, list_id: UUID, parent_id: UUID | None, *, height: int) -> None:
    """Whether a task with `height` levels, its own counted, fits below the parent."""
    if parent_id is None:
        return
    depth = await store.order.depth(tx.db, list_id, parent_id)
    if depth == 0:
        raise Invalid.field("/parent_id", "unknown-task", "is no task of this list")
    if depth + height > MAX_DEPTH:
        raise Invalid.field("/parent_id", "too-deep", f"tasks lie at most {MAX_DEPTH} levels deep")


async def check_assignees(tx: Tx, list_id: UUID, accounts: list[UUID]) -> None:
    """Whether all of them are members of the list."""
    outsiders = await store.members.outsiders(tx.db, list_id, accounts)
    if outsiders:
        index = next(index for index, account in enumerate(accounts) if account in outsiders)
        raise Invalid.field(f"/assignee_ids/{index}", "not-a-member", "is no member of this list")
