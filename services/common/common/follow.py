"""Following another service's log into our own database: each event takes effect exactly once, in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.mysql import insert as mysql_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from common import metrics, tracing
from common.database import Database
from common.errors import ServiceError
from common.log.bus import Bus
from common.log.reader import LogPruned
from common.log.source import FollowedEvent, Source
from common.log.tables import CURSORS
from common.log.transaction import Tx
from common.log.writer import Writer

POLL_SECONDS = 1.5  # without Redis what follows from an event is here within two seconds
TRACES = 1000  # events of which the trace is remembered until they are applied
AT_ONCE = 20  # events in one transaction
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)

logger = structlog.get_logger()


@dataclass(frozen=True)
class Feed:
    """What is followed, and what it does here. All three run in a transaction that also keeps the cursor."""

    source: str
    topic: str
    # What has come in one moment, in order. When that fails, its events are applied one by one.
    apply: Callable[[Tx, Sequence[FollowedEvent]], Awaitable[None]]
    restore: Callable[[Tx, dict[str, Any]], Awaitable[None]]  # one item of a snapshot
    retain: Callable[[Tx, set[UUID]], Awaitable[None]]  # delete what the snapshot did not contain


class _Overtaken(Exception):
    """Another replica has moved the cursor: what we were about to do is done."""


@dataclass(frozen=True)
class _Cursor:
    seq: int
    epoch: str


class Follower:
    """Follows one feed. Every replica runs one; the cursor decides which of them applies an event."""

    def __init__(self, feed: Feed, source: Source, database: Database, writer: Writer, bus: Bus) -> None:
        self._feed = feed
        self._source = source
        self._database = database
        self._writer = writer
        self._bus = bus
        self._wake = asyncio.Event()
        self._traces: dict[int, str] = {}  # where an event was made, by its number

    def _declare(self) -> None:
        """Give every metric of the feed a value: what is not there cannot raise an alarm."""
        name = (self._feed.source, self._feed.topic)
        metrics.FOLLOWER_APPLIED.labels(*name)
        metrics.FOLLOWER_FAILURES.labels(*name)
        metrics.FOLLOWER_LAG.labels(*name)
        metrics.FOLLOWER_LAG_SECONDS.labels(*name)
        metrics.FOLLOWER_CAUGHT_UP.labels(*name).set(time.time())  # counted from the start

    async def run(self) -> None:
        """Follow for ever: woken by publications, polling without them. A failing event is retried, never
        skipped."""
        await self._bus.subscribe(self._feed.source, self._feed.topic, self._receive)
        self._bus.on_change(self._wake.set)
        self._declare()
        failures = 0
        while True:
            try:
                await self.catch_up()
                failures = 0
                wait = POLL_SECONDS
            except Exception as error:
                wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                self._alarm(error)
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    def _alarm(self, error: Exception) -> None:
        name = {"source": self._feed.source, "topic": self._feed.topic}
        if isinstance(error, ServiceError):
            logger.warning("not followed", reason=str(error), **name)
        else:
            metrics.FOLLOWER_FAILURES.labels(**name).inc()
            logger.error("event not applied; it is tried again", exc_info=error, **name)

    def _receive(self, about: dict[str, Any], data: bytes) -> None:  # noqa: ARG002 - only a reason to look
        if (place := about.get("traceparent")) is not None and len(self._traces) < TRACES:
            self._traces[about["seq"]] = place
        self._wake.set()

    async def catch_up(self) -> None:
        """Apply all there is, in the trace of the request that woke us, if there was one."""
        woken_by = next(iter(self._traces.values()), "")
        with tracing.span("follow", "consumer", parent=woken_by, todolist__topic=self._feed.topic):
            await self._catch_up()

    async def _catch_up(self) -> None:
        while True:
            cursor = await self._cursor()
            try:
                page = await self._source.page(self._feed.topic, cursor.seq, cursor.epoch)
            except LogPruned:
                await self._restore(cursor)
                continue
            try:
                for first in range(0, len(page.events), AT_ONCE):
                    events = page.events[first : first + AT_ONCE]
                    self._measure(page.seq - events[0].seq + 1, events[0])
                    await self._apply_all(events, page.epoch)
            except _Overtaken:
                continue
            if not page.more:
                self._measure(0)
                self._traces = {seq: place for seq, place in self._traces.items() if seq > page.seq}
                return

    def _measure(self, events: int, event: FollowedEvent | None = None) -> None:
        """How far behind we are: so many events, the next of which is this one."""
        name = (self._feed.source, self._feed.topic)
        at = time.time()
        metrics.FOLLOWER_LAG.labels(*name).set(events)
        late = max(0.0, at - event.at.timestamp()) if event is not None else 0
        metrics.FOLLOWER_LAG_SECONDS.labels(*name).set(late)
        if event is None:
            metrics.FOLLOWER_CAUGHT_UP.labels(*name).set(at)

    def _where(self) -> Any:
        return (CURSORS.c.source == self._feed.source.encode()) & (
            CURSORS.c.topic == self._feed.topic.encode()
        )

    async def _cursor(self) -> _Cursor:
        async with self._database.read() as connection:
            cursor = await self._read_cursor(connection)
        return cursor or await self._first_cursor()

    async def _first_cursor(self) -> _Cursor:
        """A place in no life of the log, which leads to a snapshot. The row is what several replicas lock."""

        async def put(tx: Tx) -> None:
            key = {"source": self._feed.source.encode(), "topic": self._feed.topic.encode()}
            row = mysql_insert(CURSORS).values(**key, seq=0, epoch=b"")
            await tx.db.execute(row.on_duplicate_key_update(seq=CURSORS.c.seq))

        await self._writer.write([], put)
        return _Cursor(0, "")

    async def _read_cursor(self, connection: AsyncConnection, *, lock: bool = False) -> _Cursor | None:
        statement = select(CURSORS.c.seq, CURSORS.c.epoch).where(self._where())
        row = (await connection.execute(statement.with_for_update() if lock else statement)).one_or_none()
        return row and _Cursor(row.seq, row.epoch.decode())

    async def _apply_all(self, events: Sequence[FollowedEvent], epoch: str) -> None:
        """All in one transaction. When one of them fails, those before it still take effect, and it is known
        which it is."""
        try:
            await self._apply(events, epoch)
        except (_Overtaken, ServiceError):
            raise
        except Exception:
            if len(events) == 1:
                raise
            for event in events:
                await self._apply([event], epoch)

    async def _apply(self, events: Sequence[FollowedEvent], epoch: str) -> None:
        """One step is one transaction, which begins by moving the cursor from exactly the number before."""

        async def step(tx: Tx) -> None:
            moved = await tx.db.execute(
                update(CURSORS)
                .where(self._where(), CURSORS.c.seq == events[0].seq - 1, CURSORS.c.epoch == epoch.encode())
                .values(seq=events[-1].seq)
            )
            if moved.rowcount != 1:
                raise _Overtaken
            await self._feed.apply(tx, events)

        # It belongs to the trace of the first event; it points at the others'.
        first, *others = (self._traces.get(event.seq) for event in events)
        with tracing.span(
            f"apply {events[0].kind}", "consumer", parent=first, links=others, todolist__events=len(events)
        ):
            await self._writer.write([], step)
        for event in events:
            self._traces.pop(event.seq, None)
        metrics.FOLLOWER_APPLIED.labels(self._feed.source, self._feed.topic).inc(len(events))

    async def _restore(self, before: _Cursor) -> None:
        """Take over the state as a snapshot gives it. The cursor stays where it was until all of it is in."""
        seen: set[UUID] = set()
        snapshot = self._source.snapshot(self._feed.topic)

        async def unchanged(tx: Tx) -> None:
            if await self._read_cursor(tx.db, lock=True) != before:
                raise _Overtaken

        async def finish(tx: Tx) -> None:
            await unchanged(tx)
            await self._feed.retain(tx, seen)
            place = {"seq": snapshot.seq, "epoch": snapshot.epoch.encode()}
            await tx.db.execute(update(CURSORS).where(self._where()).values(place))

        try:
            async for item in snapshot:
                seen.add(UUID(item["id"]))

                async def restore(tx: Tx, item: dict[str, Any] = item) -> None:
                    await unchanged(tx)
                    await self._feed.restore(tx, item)

                await self._writer.write([], restore)
            await self._writer.write([], finish)
            self._traces.clear()  # numbers of another epoch: none of them may ever come
            logger.info(
                "followed from a snapshot", source=self._feed.source, topic=self._feed.topic, seq=snapshot.seq
            )
        except _Overtaken:
            return
