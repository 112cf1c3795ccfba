"""Who may follow which topics: those who stand in a service's table of members."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import CompoundSelect, bindparam, null, select, tuple_, type_coerce, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from common.ids import UUIDType
from common.log.reader import Head, head_of
from common.log.tables import TOPICS

Membership = tuple[UUID, UUID]
"""Of what (a list, a room), and who."""


class Access(Protocol):
    """The one rule of a service."""

    def about(self, topic: str) -> UUID | None:
        """What a topic is about; None: it is no topic that anybody may follow."""

    async def look(
        self, connection: AsyncConnection, topics: Collection[str], asked: Collection[Membership]
    ) -> tuple[dict[str, Head], set[Membership]]:
        """The heads of the topics, and which of the memberships there are, both as of one moment."""


@dataclass(frozen=True)
class Members:
    """The rule: whoever is a member follows."""

    about: Callable[[str], UUID | None]
    subject: InstrumentedAttribute[UUID]  # the columns of the members' primary key
    account_id: InstrumentedAttribute[UUID]

    async def look(
        self, connection: AsyncConnection, topics: Collection[str], asked: Collection[Membership]
    ) -> tuple[dict[str, Head], set[Membership]]:
        """In one statement: what a subscription may see begins at the number at which access was checked."""
        given = {"topics": [topic.encode() for topic in topics], "asked": list(asked)}
        rows = (await connection.execute(self._statement, given)).all()
        heads = {row.topic.decode(): head_of(row) for row in rows if row.topic is not None}
        return heads, {(row.subject, row.account_id) for row in rows if row.topic is None}

    @cached_property
    def _statement(self) -> CompoundSelect[Any]:
        nobody = type_coerce(null(), UUIDType)
        heads = select(
            *(TOPICS.c[name] for name in ("topic", "seq", "epoch", "floor")),
            nobody.label("subject"),
            nobody.label("account_id"),
        ).where(TOPICS.c.topic.in_(bindparam("topics", expanding=True)))
        members = (
            select(null(), null(), null(), null(), self.subject, self.account_id)
            .where(tuple_(self.subject, self.account_id).in_(bindparam("asked", expanding=True)))
            # While there are few members, the optimizer would rather look at all of them.
            .with_hint(self.subject.class_, "FORCE INDEX (PRIMARY)")
        )
        return union_all(heads, members)
