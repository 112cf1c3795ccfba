"""One writing transaction on the log, as an action sees it: lock first, decide, number last."""

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Update, bindparam, case, insert, select, text, update
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import now
from common.database import RETRY, error_number, is_away
from common.log.events import Event, Revokes
from common.log.tables import EVENTS, TOPICS
from common.schemas import encode

NO_SAVEPOINT = 1305  # MySQL: SAVEPOINT does not exist


class TransactionLostError(Exception):
    """The server has undone the transaction in the middle: all of it has to be run again."""


def new_epoch() -> str:
    """The mark of one life of a log."""
    return secrets.token_hex(8)


def rank(topic: str) -> int:
    """The order in which topics are locked: own ones (0), then `user:` (1), then service-wide ones (2)."""
    if ":" not in topic:
        return 2
    return 1 if topic.startswith("user:") else 0


@dataclass
class _Topic:
    seq: int
    epoch: str
    stored: int  # the seq in the row


class Tx:
    """The transaction. Events are kept here until everything is decided, and numbered in the order of
    `append`."""

    def __init__(self, db: AsyncConnection) -> None:
        self.db = db
        self.now: datetime = now()
        self._topics: dict[str, _Topic] = {}
        self._events: list[Event] = []

    async def lock(self, *topics: str, skip: bool = False) -> None:
        """Lock topics that are not locked yet. `user:` and service-wide ones come into being; others may
        not exist. With `skip`, topics of our own that somebody else holds are left alone."""
        wanted = {topic for topic in topics if topic not in self._topics}
        for order in (0, 1, 2):
            group = sorted(topic for topic in wanted if rank(topic) == order)
            if not group:
                continue
            found = await self._select_for_update(group, skip=skip and order == 0)
            if order > 0 and len(found) < len(group):
                await self._insert(topic for topic in group if topic not in found)
                found = await self._select_for_update(group)
            self._topics |= found
        self.now = max(self.now, now())

    async def create(self, *topics: str) -> None:
        """Bring topics of our own into being, locked. One that exists already goes on counting."""
        if wanted := sorted(topic for topic in set(topics) if topic not in self._topics):
            await self._insert(wanted)
            self._topics |= await self._select_for_update(wanted)

    async def _insert(self, topics: Iterable[str]) -> None:
        rows = [
            {"topic": topic.encode(), "seq": 0, "epoch": new_epoch().encode(), "floor": 0} for topic in topics
        ]
        await self.db.execute(_CREATE, rows)

    async def _select_for_update(self, topics: list[str], *, skip: bool = False) -> dict[str, _Topic]:
        statement = _LOCK_FREE if skip else _LOCK
        rows = await self.db.execute(statement, {"topics": [topic.encode() for topic in topics]})
        return {row.topic.decode(): _Topic(row.seq, row.epoch.decode(), row.seq) for row in rows}

    def exists(self, topic: str) -> bool:
        """Whether a locked topic has a row."""
        return topic in self._topics

    def next_seq(self, topic: str) -> int:
        """The number that the next `append` to the topic takes: the `version` of the resource it carries."""
        return self._topics[topic].seq + 1

    def append(
        self,
        topic: str,
        kind: str,
        *,
        resource_id: UUID,
        actor_id: UUID | None,
        data: bytes,
        revokes: Revokes = None,
    ) -> int:
        """Add the next event of a locked topic and return its number. `data` is the encoded resource after
        the change."""
        state = self._topics[topic]
        state.seq += 1
        self._events.append(
            Event(topic, state.epoch, state.seq, kind, resource_id, actor_id, self.now, data, revokes)
        )
        return state.seq

    async def scrub(self, topic: str, resource_id: UUID) -> None:
        """Empty what earlier events of the topic say about a resource that is being deleted."""
        statement = update(EVENTS).where(
            EVENTS.c.topic == topic.encode(), EVENTS.c.resource_id == resource_id
        )
        await self.db.execute(statement.values(data=b""))
        self._events = [
            Event(e.topic, e.epoch, e.seq, e.kind, e.resource_id, e.actor_id, e.at, b"", e.revokes)
            if e.topic == topic and e.resource_id == resource_id
            else e
            for e in self._events
        ]

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside leaves nothing behind: no row, no event, no number."""
        seqs = {topic: state.seq for topic, state in self._topics.items()}
        events = list(self._events)
        await self.db.execute(text("SAVEPOINT request"))
        try:
            yield
        except Exception as error:
            if error_number(error) in RETRY or is_away(error):
                raise  # the server has undone the whole transaction: there is no savepoint to go back to
            await self._roll_back(error)
            # A topic that first appeared inside is read again by whoever needs it: its row may be gone.
            self._topics = {topic: state for topic, state in self._topics.items() if topic in seqs}
            for topic, seq in seqs.items():
                self._topics[topic].seq = seq
            self._events = events
            raise

    async def _roll_back(self, reason: Exception) -> None:
        try:
            await self.db.execute(text("ROLLBACK TO SAVEPOINT request"))
        except DBAPIError as error:
            # The action has hidden that its transaction was undone under it.
            raise TransactionLostError from (reason if error_number(error) == NO_SAVEPOINT else error)

    async def flush(self) -> list[Event]:
        """Write numbers and events, as the last thing before the commit; returns the events to publish."""
        grown: dict[int, list[bytes]] = {}
        for topic, state in self._topics.items():
            if state.seq > state.stored:
                grown.setdefault(state.seq - state.stored, []).append(topic.encode())
        if grown:
            places: dict[str, object] = {"topics": [topic for topics in grown.values() for topic in topics]}
            for number, (count, topics) in enumerate(grown.items()):
                places |= {f"count_{number}": count, f"topics_{number}": topics}
            await self.db.execute(_advance(len(grown)), places)
        if self._events:
            await self.db.execute(_APPEND, [_row(event) for event in self._events])
        return self._events


def _any_of(name: str) -> ColumnElement[bool]:
    return TOPICS.c.topic.in_(bindparam(name, expanding=True))


_HEADS = (
    select(TOPICS.c.topic, TOPICS.c.seq, TOPICS.c.epoch).where(_any_of("topics")).order_by(TOPICS.c.topic)
)
_LOCK, _LOCK_FREE = _HEADS.with_for_update(), _HEADS.with_for_update(skip_locked=True)
_CREATE = mysql_insert(TOPICS).on_duplicate_key_update(seq=TOPICS.c.seq)
_APPEND = insert(EVENTS)


@cache  # putting it together costs more than running it
def _advance(groups: int) -> Update:
    """Let topics grow: those of each group by its own count."""
    by = [(_any_of(f"topics_{group}"), bindparam(f"count_{group}", type_=Integer)) for group in range(groups)]
    return update(TOPICS).where(_any_of("topics")).values(seq=TOPICS.c.seq + case(*by))


def _row(event: Event) -> dict[str, object]:
    return {
        "topic": event.topic.encode(),
        "seq": event.seq,
        "kind": event.kind.encode(),
        "resource_id": event.resource_id,
        "actor_id": event.actor_id,
        "at": event.at,
        "data": event.data,
        "revokes": None if event.revokes is None else encode(event.revokes),
    }
