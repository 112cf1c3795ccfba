"""The hub: which sockets of this process follow which topic, and the one order in which they get its events.

A topic's cursor is the last number that is known without a hole. Publications only hint at what follows it;
a hole is
filled from the log. Bookkeeping never awaits, so nothing can slip in between a look and a change.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

import structlog

from common import metrics
from common.database import Database
from common.errors import ServiceError
from common.log import reader
from common.log.bus import Bus
from common.log.events import Event, Run, from_publication, runs
from common.log.looks import Looks
from common.tasks import end

HOLE_SECONDS = 0.02  # replicas publish concurrently: what seems missing is usually just late
PENDING = 1000  # publications ahead of the cursor that are kept; past that the log is read anyway
PAGE = 200  # events a read of the log
COMPARE_SECONDS = 10.0  # how often cursors are compared with the log
COMPARE_SECONDS_ALONE = 2.0  # and without Redis

logger = structlog.get_logger()


class Subscriber(Protocol):
    """What the hub needs of a subscription."""

    def offer(self, run: Run) -> None:
        """The topic's next events."""

    def signal(self, kind: str, data: bytes, only: UUID | None) -> None:
        """Something ephemeral."""

    def restart(self) -> None:
        """The log has begun another life, or lost what was not sent yet."""


class Topic:
    """One topic that somebody in this process follows."""

    def __init__(self, hub: "Hub", name: str) -> None:
        self.name = name
        self.cursor = 0  # everything up to here was offered to the subscribers
        self.epoch = ""  # "" until the head was read
        self.subscribers: set[Subscriber] = set()
        self._hub = hub
        self.confirmed = asyncio.create_task(hub.bus.subscribe(hub.bus.service, name, self.receive))
        self.opened = asyncio.create_task(self._open())
        self._pending: dict[int, Event] = {}
        self._healing: asyncio.Task[None] | None = None
        self._turn: asyncio.Handle | None = None  # in which what has been published is offered
        self._target = 0  # a number that is known to exist

    async def _open(self) -> None:
        """Confirm the Redis subscription, and only then read the head: nothing can fall between the two."""
        await asyncio.shield(self.confirmed)  # just as subscriptions do, so that their reads are one
        while True:
            try:
                place = (await self._hub.looks.at(self.name)).place
                break
            except ServiceError:
                await asyncio.sleep(0.5)
        if place is not None:
            self.cursor, self.epoch = place.seq, place.epoch
        self._advance()

    def receive(self, about: dict[str, Any], data: bytes) -> None:
        """A publication."""
        if (kind := about.get("signal")) is not None:
            only = UUID(about["only"]) if about["only"] else None
            for subscriber in list(self.subscribers):
                subscriber.signal(kind, data, only)
            return
        event = from_publication(about, data)
        if not self.opened.done():
            if len(self._pending) < PENDING:
                self._pending[event.seq] = event  # sorted out when the head is known
        elif event.epoch != self.epoch:
            self._hub.compare_soon()
        elif event.seq > self.cursor:
            self._target = max(self._target, event.seq)
            if len(self._pending) < PENDING or event.seq == self.cursor + 1:
                self._pending[event.seq] = event
            if self._turn is None:  # what is published in one moment leaves in one write to each socket
                self._turn = asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        """Offer what follows the cursor; have the log read when something is missing."""
        self._turn = None
        for run in runs(self._following()):
            for subscriber in list(self.subscribers):
                subscriber.offer(run)
        self._pending = {seq: event for seq, event in self._pending.items() if seq > self.cursor}
        self._target = max([self._target, *self._pending])
        if self._target > self.cursor:
            self._heal_soon()

    def _following(self) -> list[Event]:
        """Take what follows the cursor without a hole, and move the cursor behind it."""
        events = []
        while (event := self._pending.pop(self.cursor + 1, None)) is not None:
            if event.epoch == self.epoch:
                self.cursor += 1
                events.append(event)
                metrics.DELIVERY_SECONDS.observe(max(0.0, time.time() - event.at.timestamp()))
        return events

    @property
    def lag(self) -> int:
        """How many events are known to exist and were not offered yet."""
        return max(0, self._target - self.cursor)

    def behind(self, seq: int) -> None:
        """Somebody has seen that `seq` exists."""
        self._target = max(self._target, seq)
        if seq > self.cursor:
            self._heal_soon()

    def _heal_soon(self) -> None:
        if self._healing is None or self._healing.done():
            self._healing = asyncio.create_task(self._heal())

    async def _heal(self) -> None:
        """One read of the log serves all subscribers."""
        await asyncio.sleep(HOLE_SECONDS)
        while self.cursor < self._target:
            after, target = self.cursor, self._target  # publications go on while the log is read
            try:
                async with self._hub.reading(), self._hub.database.read() as connection:
                    events, place = await reader.read_after(connection, self.name, after, PAGE)
            except ServiceError:
                await asyncio.sleep(1)  # MySQL is away; the publications go on meanwhile
                continue
            metrics.HEALS.inc()
            if place.epoch != self.epoch or place.floor > after:
                self.reset(place)
            elif not events:
                if self._target == target:
                    self._target = self.cursor  # it was no number of this log
            elif events[0].seq != after + 1:
                logger.error("hole in the log", topic=self.name, after=after)
                return
            else:
                self._pending |= {event.seq: event for event in events if event.seq > self.cursor}
                self._advance()

    def compare(self, place: reader.Head, known: int) -> None:
        """Compare with a head that was read when the cursor stood at `known`."""
        if self.epoch == "":
            self.cursor, self.epoch = place.seq, place.epoch  # the topic has come into being
        elif place.epoch != self.epoch or place.floor > self.cursor or place.seq < known:
            self.reset(place)
        else:
            self.behind(place.seq)

    def reset(self, place: reader.Head) -> None:
        """Begin again at the head; every subscriber has to load the state."""
        self.cursor, self.epoch, self._target = place.seq, place.epoch, place.seq
        self._pending.clear()
        for subscriber in list(self.subscribers):
            subscriber.restart()

    def close(self) -> None:
        """Nobody follows it any more."""
        self.confirmed.cancel()
        self.opened.cancel()
        if self._turn is not None:
            self._turn.cancel()
        if self._healing is not None:
            self._healing.cancel()


class Hub:
    """All topics that sockets of this process follow."""

    def __init__(self, database: Database, bus: Bus, ensure: Callable[[str], Awaitable[None]]) -> None:
        self.database = database
        self.bus = bus
        self.ensure = ensure  # brings somebody's own topic into being
        self.topics: dict[str, Topic] = {}
        self.looks = Looks(database)
        self._compare = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Begin to compare cursors with the log."""
        self.bus.on_change(self.compare_soon)
        self._keep(asyncio.create_task(self._watch()))

    async def close(self) -> None:
        """Stop."""
        for topic in self.topics.values():
            topic.close()
        await end(self._tasks)
        await self.looks.close()

    @property
    def lag(self) -> int:
        """How far the topic is behind that is furthest behind."""
        return max((topic.lag for topic in self.topics.values()), default=0)

    def reading(self) -> asyncio.Semaphore:
        """Bounds the reads that the hub has under way."""
        return self.looks.readers

    def join(self, name: str, subscriber: Subscriber) -> Topic:
        """Register a subscriber; await `topic.opened` before relying on its cursor."""
        topic = self.topics.get(name)
        if topic is None:
            topic = self.topics[name] = Topic(self, name)
        topic.subscribers.add(subscriber)
        metrics.SUBSCRIPTIONS.inc()
        return topic

    def leave(self, name: str, subscriber: Subscriber) -> None:
        """Forget a subscriber, and the topic with its last one."""
        topic = self.topics.get(name)
        if topic is None or subscriber not in topic.subscribers:
            return
        topic.subscribers.discard(subscriber)
        metrics.SUBSCRIPTIONS.dec()
        if not topic.subscribers:
            del self.topics[name]
            topic.close()
            self._keep(asyncio.create_task(self._unsubscribe(name)))

    async def _unsubscribe(self, name: str) -> None:
        if name not in self.topics:  # somebody may have come back in the meantime
            await self.bus.unsubscribe(self.bus.service, name)
            if (again := self.topics.get(name)) is not None:
                await self.bus.subscribe(self.bus.service, name, again.receive)
                self.compare_soon()

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def compare_soon(self) -> None:
        """Something does not fit: compare now instead of at the next turn."""
        self._compare.set()

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(COMPARE_SECONDS if self.bus.connected else COMPARE_SECONDS_ALONE):
                    await self._compare.wait()
            except TimeoutError:
                pass
            self._compare.clear()
            try:
                await self._compare_all()
            except ServiceError:
                logger.warning("cursors not compared: the database is away")
            except Exception:
                logger.exception("cursors not compared")

    async def _compare_all(self) -> None:
        names = [name for name, topic in self.topics.items() if topic.opened.done()]
        for start in range(0, len(names), 500):
            known = {
                name: self.topics[name].cursor for name in names[start : start + 500] if name in self.topics
            }
            async with self.reading(), self.database.read() as connection:
                places = await reader.heads(connection, known)
            for name, place in places.items():
                if (topic := self.topics.get(name)) is not None and topic.opened.done():
                    topic.compare(place, known[name])
