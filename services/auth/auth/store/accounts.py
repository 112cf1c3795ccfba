"""SQL about accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.models import Account
from auth.rows import AnyRow

_OWN = (
    Account.id,
    Account.email,
    Account.name,
    Account.color,
    Account.role,
    Account.created_at,
    Account.version,
)
_PROFILE = (Account.id, Account.name, Account.color)
_PROOF = (
    Account.id,
    Account.name,
    Account.role,
    Account.password_hash,
    Account.password_changed_at,
    Account.disabled_at,
)
# What is asked in every sign-in is put together once: that costs more than running it.
_PROOF_BY_EMAIL = select(*_PROOF).where(Account.email == bindparam("email"))
_LOCK_PROOF = select(*_PROOF).where(Account.id == bindparam("id")).with_for_update()


async def get(db: AsyncConnection, account_id: UUID) -> AnyRow | None:
    """One's own account, while it is live."""
    query = select(*_OWN).where(Account.id == account_id, Account.disabled_at.is_(None))
    return (await db.execute(query)).one_or_none()


async def find(db: AsyncConnection, email: str) -> UUID | None:
    """The id of the account with that address, disabled or not."""
    return await db.scalar(select(Account.id).where(Account.email == email))


async def proof_by_email(db: AsyncConnection, email: str) -> AnyRow | None:
    """What signing in is checked against."""
    return (await db.execute(_PROOF_BY_EMAIL, {"email": email})).one_or_none()


async def proof(db: AsyncConnection, account_id: UUID) -> AnyRow | None:
    """What proving the password again is checked against."""
    return (await db.execute(select(*_PROOF).where(Account.id == account_id))).one_or_none()


async def lock_proof(db: AsyncConnection, account_id: UUID) -> AnyRow | None:
    """The same, locked: until the transaction ends nobody changes the password or disables the account."""
    return (await db.execute(_LOCK_PROOF, {"id": account_id})).one_or_none()


async def profiles(db: AsyncConnection, ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """Public profiles; who does not exist is left out."""
    return (await db.execute(select(*_PROFILE).where(Account.id.in_(ids)).order_by(Account.id))).all()


async def profile_by_email(db: AsyncConnection, email: str) -> Sequence[AnyRow]:
    """The public profile of the live account with that address, if there is one."""
    query = select(*_PROFILE).where(Account.email == email, Account.disabled_at.is_(None))
    return (await db.execute(query)).all()


async def page(db: AsyncConnection, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """Live accounts in the order of their ids, as followers hold them."""
    query = select(*_PROFILE, Account.version).where(Account.disabled_at.is_(None))
    if after is not None:
        query = query.where(Account.id > after)
    return (await db.execute(query.order_by(Account.id).limit(limit))).all()


async def add(db: AsyncConnection, values: dict[str, Any]) -> None:
    """A new account."""
    await db.execute(insert(Account).values(values))


async def change(db: AsyncConnection, account_id: UUID, values: dict[str, Any]) -> None:
    """Change columns of an account."""
    await db.execute(update(Account).where(Account.id == account_id).values(values))


async def change_password(db: AsyncConnection, account_id: UUID, password_hash: str, at: datetime) -> None:
    """Another password."""
    await change(db, account_id, {"password_hash": password_hash, "password_changed_at": at})


async def remove(db: AsyncConnection, account_id: UUID) -> None:
    """Forget an account."""
    await db.execute(delete(Account).where(Account.id == account_id))
