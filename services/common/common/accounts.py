"""The accounts that a service knows of, learnt by following auth's topic `users`."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Column, MetaData, String, Table, delete, select
from sqlalchemy.dialects.mysql import BIGINT
from sqlalchemy.dialects.mysql import insert as mysql_insert
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

    async def put(tx: Tx, item: dict[str, Any]) -> None:
        row = {
            "id": UUID(item["id"]),
            "name": item["name"],
            "color": item["color"],
            "version": item["version"],
        }
        await tx.db.execute(mysql_insert(accounts).values(row).on_duplicate_key_update(**_without_id(row)))

    async def apply(tx: Tx, event: FollowedEvent) -> None:
        if event.kind in GONE:
            await tx.db.execute(delete(accounts).where(accounts.c.id == event.resource_id))
        elif "name" in event.data:  # else it was emptied: the account has been deleted since
            await put(tx, event.data)

    async def retain(tx: Tx, ids: set[UUID]) -> None:
        known = set((await tx.db.execute(select(accounts.c.id))).scalars())
        for gone in known - ids:
            await tx.db.execute(delete(accounts).where(accounts.c.id == gone))

    return Feed("auth", TOPIC, apply, put, retain)


def _without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


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
