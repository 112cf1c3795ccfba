"""The snapshots that followers of auth's topics begin with."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from auth import cursors, store
from auth.keys import RETIREMENT
from auth.topics import EndedSession, PublicAccount
from common.clock import now

Page = tuple[list[dict[str, Any]], str | None]


async def users(db: AsyncConnection, cursor: str | None, limit: int) -> Page:
    """All live accounts."""
    rows = await store.accounts.page(db, cursors.read(cursor), limit)
    items = [PublicAccount.model_validate(row).model_dump(mode="json") for row in rows]
    return items, cursors.following([row.id for row in rows], limit)


async def sessions(db: AsyncConnection, cursor: str | None, limit: int) -> Page:
    """The sessions of which an access token may not have expired yet, though they have ended."""
    rows = await store.sessions.ended_page(db, now() - RETIREMENT, cursors.read(cursor), limit)
    ended = [EndedSession(id=row.id, account_id=row.account_id, at=row.ended_at) for row in rows]
    return [item.model_dump(mode="json") for item in ended], cursors.following(
        [row.id for row in rows], limit
    )
