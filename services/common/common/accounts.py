"""The accounts that a service knows of, learnt by following auth's topic `users`."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Column, MetaData, String, Table, delete, select
from sqlalchemy.dialects.mysql import BIGINT, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import NotFound, Unavailable
from common.follow import Feed
from common.ids import UUIDType
from common.log.source import FollowedEvent
from common.log.transaction import Tx

TOPIC = "users"
GONE = {"account.disabled", "account.deleted"}


class UnknownAccount(NotFound):
    """Nobody has that id."""

    code, title = "unknown-account", "There is no such account"


def account_table(metadata: MetaData) -> Table:
    """Add the table of known accounts to a service's metadata."""
    return Table(
        "accounts",
        metadata,
        Column("id", UUIDType, primary_key=True),
        Column("name", String(200), nullable=False),
        Column("color", String(16), nullable=False),
        Column("version", BIGINT(unsigned=True), nullable=False),
    )


def accounts_feed(accounts: Table) -> Feed:
    """Keep the table as auth's log says."""
    new = insert(accounts)
    put = new.on_duplicate_key_update(
        {column: new.inserted[column] for column in ("name", "color", "version")}
    )

    async def apply(tx: Tx, events: Sequence[FollowedEvent]) -> None:
        becomes: dict[UUID, dict[str, Any] | None] = {}  # the last word on each: None when it is gone
        for event in events:
            if event.kind in GONE:
                becomes[event.resource_id] = None
            elif "name" in event.data:  # else it was emptied: the account has been deleted since
                becomes[event.resource_id] = _row(event.data)
        await forget(tx, [account_id for account_id, row in becomes.items() if row is None])
        if rows := [row for row in becomes.values() if row is not None]:
            await tx.db.execute(put, rows)

    async def restore(tx: Tx, item: dict[str, Any]) -> None:
        await tx.db.execute(put, [_row(item)])

    async def retain(tx: Tx, ids: set[UUID]) -> None:
        known = set((await tx.db.execute(select(accounts.c.id))).scalars())
        await forget(tx, known - ids)

    async def forget(tx: Tx, ids: Collection[UUID]) -> None:
        if ids:
            await tx.db.execute(delete(accounts).where(accounts.c.id.in_(ids)))

    return Feed("auth", TOPIC, apply, restore, retain)


def _row(item: dict[str, Any]) -> dict[str, Any]:
    return {"id": UUID(item["id"]), "name": item["name"], "color": item["color"], "version": item["version"]}


async def is_known(connection: AsyncConnection, accounts: Table, account_id: UUID) -> bool:
    """Whether auth's log has told us of the account."""
    return (
        await connection.execute(select(accounts.c.id).where(accounts.c.id == account_id))
    ).first() is not None


async def ask_auth(client: httpx.AsyncClient, account_id: UUID) -> None:
    """Ask auth about an account that its log has not told us of yet; never while a database connection is
    held.

    Raises UnknownAccount (404), or Unavailable (503) when auth is away.
    """
    answer = await client.get(f"/api/auth/internal/accounts/{account_id}")
    if answer.status_code == 404:
        raise UnknownAccount
    if answer.status_code != 200:
        raise Unavailable("The auth service could not be asked about the account.")


async def require_account(rt: Any, accounts: Table, account_id: UUID) -> None:
    """Make sure that an account exists, before a transaction begins that refers to it."""
    async with rt.database.read() as connection:
        if await is_known(connection, accounts, account_id):
            return
    await ask_auth(rt.clients.to("auth"), account_id)
