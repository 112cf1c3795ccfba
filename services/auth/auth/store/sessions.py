"""SQL about sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.models import Account, Session
from auth.rows import AnyRow

_SHOWN = (Session.id, Session.device, Session.address, Session.created_at, Session.last_used_at)

_ADD = insert(Session)
_WITH_ACCOUNT = (
    select(*_SHOWN, Session.counter, Session.rotated_at, Session.used_at, Session.account_id)
    .add_columns(Account.name.label("account_name"), Account.role)
    .join(Account, Account.id == Session.account_id)
    .where(Session.id == bindparam("id"), Account.disabled_at.is_(None))
)


class Limits(NamedTuple):
    """The moments before which a session that was last used, or begun, is over."""

    used_after: datetime
    begun_after: datetime


def _live(limits: Limits) -> tuple[ColumnElement[bool], ...]:
    return (
        Session.ended_at.is_(None),
        Session.last_used_at > limits.used_after,
        Session.created_at > limits.begun_after,
    )


async def add(db: AsyncConnection, values: dict[str, Any]) -> None:
    """A new session."""
    await db.execute(_ADD, values)


async def begun(db: AsyncConnection, session_id: UUID) -> AnyRow:
    """The session that this transaction has added, with whose it is."""
    return (await db.execute(_WITH_ACCOUNT, {"id": session_id})).one()


async def live(db: AsyncConnection, session_id: UUID, limits: Limits) -> AnyRow | None:
    """A session that goes on, with whose it is."""
    found = await db.execute(_WITH_ACCOUNT.where(*_live(limits)), {"id": session_id})
    return found.one_or_none()


async def rotate(db: AsyncConnection, session_id: UUID, counter: int, at: datetime) -> bool:
    """Move the counter on from `counter`; False when somebody else did, or the session has ended."""
    statement = (
        update(Session)
        .where(Session.id == session_id, Session.counter == counter, Session.ended_at.is_(None))
        .values(counter=counter + 1, rotated_at=at, used_at=None)
    )
    return bool((await db.execute(statement)).rowcount)


async def mark_used(db: AsyncConnection, session_id: UUID, counter: int, at: datetime) -> None:
    """Note that the current token has been presented for the first time."""
    statement = (
        update(Session)
        .where(Session.id == session_id, Session.counter == counter, Session.used_at.is_(None))
        .values(used_at=at)
    )
    await db.execute(statement)


async def touch(db: AsyncConnection, session_id: UUID, at: datetime, address: str) -> None:
    """Note the last use."""
    await db.execute(update(Session).where(Session.id == session_id).values(last_used_at=at, address=address))


async def page(
    db: AsyncConnection, account_id: UUID, limits: Limits, before: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """An account's sessions that go on, the newest first."""
    query = select(*_SHOWN).where(Session.account_id == account_id, *_live(limits))
    if before is not None:
        query = query.where(Session.id < before)
    return (await db.execute(query.order_by(Session.id.desc()).limit(limit))).all()


async def owner(db: AsyncConnection, session_id: UUID) -> UUID | None:
    """Whose session it is, ended or not."""
    return await db.scalar(select(Session.account_id).where(Session.id == session_id))


async def end(
    db: AsyncConnection, account_id: UUID, at: datetime, *, only: UUID | None = None, keep: UUID | None = None
) -> list[UUID]:
    """End an account's sessions, or only one, or all but one; returns those that this ended."""
    which = [Session.account_id == account_id, Session.ended_at.is_(None)]
    if only is not None:
        which.append(Session.id == only)
    if keep is not None:
        which.append(Session.id != keep)
    ids = list(await db.scalars(select(Session.id).where(*which).order_by(Session.id).with_for_update()))
    if ids:
        await db.execute(update(Session).where(Session.id.in_(ids)).values(ended_at=at))
    return ids


async def ended_page(
    db: AsyncConnection, since: datetime, after: UUID | None, limit: int
) -> Sequence[AnyRow]:
    """Sessions ended since a moment, in the order of their ids."""
    query = select(Session.id, Session.account_id, Session.ended_at).where(Session.ended_at > since)
    if after is not None:
        query = query.where(Session.id > after)
    return (await db.execute(query.order_by(Session.id).limit(limit))).all()


async def prune(db: AsyncConnection, ended_before: datetime, limits: Limits, count: int) -> int:
    """Delete at most `count` sessions that nobody can use or asks for; returns how many there were."""
    over = or_(
        Session.ended_at < ended_before,
        Session.last_used_at < limits.used_after,
        Session.created_at < limits.begun_after,
    )
    ids = list(await db.scalars(select(Session.id).where(over).limit(count)))
    if ids:
        await db.execute(delete(Session).where(Session.id.in_(ids)))
    return len(ids)
