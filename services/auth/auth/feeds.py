"""The snapshots that followers of auth's topics begin with."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from auth import store
from auth.keys import RETIREMENT
from auth.topics import EndedSession, PublicAccount
from common.database import now
from common.schemas import cursor_decode, cursor_encode

Page = tuple[list[dict[str, Any]], str | None]


def _after(cursor: str | None) -> UUID | None:
    return UUID(cursor_decode(cursor, 1)[0]) if cursor else None


def _page(items: list[dict[str, Any]], limit: int) -> Page:
    return items, cursor_encode(items[-1]["id"]) if len(items) == limit else None


async def users(db: AsyncConnection, cursor: str | None, limit: int) -> Page:
    """All live accounts."""
    rows = await store.accounts.page(db, _after(cursor), limit)
    return _page([PublicAccount.model_validate(row).model_dump(mode="json") for row in rows], limit)


async def sessions(db: AsyncConnection, cursor: str | None, limit: int) -> Page:
    """The sessions of which an access token may not have expired yet, though they have ended."""
    rows = await store.sessions.ended_page(db, now() - RETIREMENT, _after(cursor), limit)
    ended = [EndedSession(id=row.id, account_id=row.account_id, at=row.ended_at) for row in rows]
    return _page([item.model_dump(mode="json") for item in ended], limit)
