"""Members in the database: who may see a list, and as what."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, select, tuple_
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from common.ids import UUIDType, uuid_text
from common.log.access import Membership
from common.prepared import Prepared
from todo.models import LOG, Member
from todo.schemas import Member as MemberState
from todo.schemas import Role
from todo.topics import LIST

BY_KEY = "FORCE INDEX (PRIMARY)"
"""For keys by the dozen: while there are few members, the optimizer would rather look at all of them."""

_READER = aliased(Member)  # made once: that costs more than the rest of a condition
_MEMBER = select(Member.list_id, Member.account_id, Member.role, Member.version)


class ListHead(NamedTuple):
    """Where a list's log stands, for a member of the list."""

    seq: int
    epoch: str


def is_member(
    list_id: UUID | ColumnElement[UUID], account_id: UUID | ColumnElement[UUID]
) -> ColumnElement[bool]:
    """Whether the account is a member, as a condition for whatever is read of the list."""
    return exists().where(_READER.list_id == list_id, _READER.account_id == account_id)


@cache
def _heads_of(count: int) -> Prepared:
    """The statement about so many memberships."""
    keys = [
        tuple_(bindparam(f"list{number}", type_=UUIDType), bindparam(f"account{number}", type_=UUIDType))
        for number in range(count)
    ]
    return Prepared(
        select(Member.list_id, Member.account_id, LOG.topics.c.seq, LOG.topics.c.epoch)
        .join(LOG.topics, LOG.topics.c.topic == func.concat(LIST, uuid_text(Member.list_id)))
        .where(tuple_(Member.list_id, Member.account_id).in_(keys))
        .with_hint(Member, BY_KEY)
    )


async def heads(conn: AsyncConnection, memberships: Sequence[Membership]) -> dict[Membership, ListHead]:
    """Where the lists' logs stand, in one indexed read; what is missing in the answer is no membership."""
    keys: dict[str, bytes] = {}
    for number, (list_id, account_id) in enumerate(memberships):
        keys |= {f"list{number}": list_id.bytes, f"account{number}": account_id.bytes}
    rows = await _heads_of(len(memberships)).rows(conn, **keys)
    found = {(row[0], row[1]): ListHead(row[2], row[3].decode()) for row in rows}
    asked = {each: (each[0].bytes, each[1].bytes) for each in memberships}
    return {each: found[key] for each, key in asked.items() if key in found}


async def role(conn: AsyncConnection, list_id: UUID, account_id: UUID) -> Role | None:
    """The account's role; None when it is no member."""
    query = select(Member.role).where(Member.list_id == list_id, Member.account_id == account_id)
    found: Role | None = await conn.scalar(query)
    return found


async def get(conn: AsyncConnection, list_id: UUID, account_id: UUID) -> MemberState | None:
    """One member."""
    found = await conn.execute(_MEMBER.where(Member.list_id == list_id, Member.account_id == account_id))
    row = found.one_or_none()
    return None if row is None else MemberState.model_validate(row)


async def page(
    conn: AsyncConnection, list_id: UUID, reader_id: UUID, after: UUID | None, limit: int
) -> Sequence[MemberState]:
    """Members by account id, after one, at most so many; none for a reader who is no member any more."""
    query = _MEMBER.where(Member.list_id == list_id, is_member(list_id, reader_id))
    if after is not None:
        query = query.where(Member.account_id > after)
    rows = await conn.execute(query.order_by(Member.account_id).limit(limit))
    return [MemberState.model_validate(row) for row in rows]


async def account_ids(conn: AsyncConnection, list_id: UUID) -> Sequence[UUID]:
    """Everyone who is a member."""
    return (await conn.scalars(select(Member.account_id).where(Member.list_id == list_id))).all()


async def outsiders(conn: AsyncConnection, list_id: UUID, accounts: Collection[UUID]) -> set[UUID]:
    """Those of the accounts that are no members."""
    if not accounts:
        return set()
    query = select(Member.account_id).where(Member.list_id == list_id, Member.account_id.in_(accounts))
    return set(accounts) - set(await conn.scalars(query))


async def is_last_owner(conn: AsyncConnection, member: MemberState) -> bool:
    """Whether nobody else owns the list."""
    if member.role != "owner":
        return False
    query = select(func.count()).where(Member.list_id == member.list_id, Member.role == "owner")
    return await conn.scalar(query) == 1


async def put(conn: AsyncConnection, member: MemberState) -> None:
    """Insert a member, or change the role."""
    statement = insert(Member).values(**member.model_dump())
    await conn.execute(statement.on_duplicate_key_update(role=member.role, version=member.version))


async def remove(conn: AsyncConnection, list_id: UUID, account_id: UUID) -> None:
    """Remove one member."""
    await conn.execute(delete(Member).where(Member.list_id == list_id, Member.account_id == account_id))


async def remove_all(conn: AsyncConnection, list_id: UUID) -> None:
    """Remove every member of a list that is being deleted."""
    await conn.execute(delete(Member).where(Member.list_id == list_id))
