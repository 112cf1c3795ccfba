"""One topic that sockets of this process follow, and the one order in which they get its events.

Its cursor is the last number that is known without a hole. Publications only hint at what follows it; a hole
is filled from the log. Bookkeeping never awaits, so nothing can slip in between a look and a change.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import structlog

from common import metrics
from common.errors import ServiceError
from common.log import reader
from common.log.events import Event, Run, from_publication, runs, signal_frame

if TYPE_CHECKING:
    from common.log.hub import Hub

HOLE_SECONDS = 0.02  # replicas publish concurrently: what seems missing is usually just late
PENDING = 1000  # publications ahead of the cursor that are kept; past that the log is read anyway
PAGE = 200  # events a read of the log

Write = Callable[[bytes], None]
Page = tuple[list[Event], reader.Head]

logger = structlog.get_logger()


class Subscriber(Protocol):
    """What the hub needs of a subscription."""

    def offer(self, run: Run) -> None:
        """The topic's next events, unless it is level with the topic and may have them as they are."""

    def signal(self, frame: bytes, only: UUID | None) -> None:
        """Something ephemeral, for all or for one account."""

    def restart(self) -> None:
        """The log has begun another life, or lost what was not sent yet."""


class Topic:
    """One topic that somebody in this process follows."""

    def __init__(self, hub: "Hub", name: str) -> None:
        self.name = name
        self.cursor = 0  # everything up to here was offered to the subscribers
        self.epoch = ""  # "" until the head was read
        self.subscribers: set[Subscriber] = set()
        self.level: dict[Subscriber, Write] = {}  # those who have been sent everything up to the cursor
        self._hub = hub
        self.confirmed = asyncio.create_task(hub.bus.subscribe(hub.bus.service, name, self.receive))
        self.opened = asyncio.create_task(self._open())
        self._pending: dict[int, Event] = {}
        self._healing: asyncio.Task[None] | None = None
        self._reading: dict[int, asyncio.Task[Page]] = {}  # reads under way, by the number that they follow
        self._advancing: asyncio.Handle | None = None
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
            if self._advancing is not None:  # what was published before it comes before it
                self._advancing.cancel()
                self._advance()
            frame = signal_frame(self.name, kind, data)
            only = UUID(about["only"]) if about["only"] else None
            for subscriber in list(self.subscribers):
                subscriber.signal(frame, only)
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
            if self._advancing is None:  # what is published in one moment leaves in one write to each socket
                self._advancing = asyncio.get_running_loop().call_soon(self._advance)

    def _advance(self) -> None:
        """Offer what follows the cursor; have the log read when something is missing."""
        self._advancing = None
        for run in runs(self._following()):
            self._deliver(run)
        self._pending = {seq: event for seq, event in self._pending.items() if seq > self.cursor}
        self._target = max([self._target, *self._pending])
        if self._target > self.cursor:
            self._heal_soon()

    def _deliver(self, run: Run) -> None:
        """The same bytes to everybody. Only when somebody's access ends in them is each looked at."""
        others = self.subscribers
        if not run.revokes:
            others = others - self.level.keys() if len(self.level) < len(others) else set()
            frames = run.frames
            for write in list(self.level.values()):
                write(frames)
        for subscriber in list(others):
            subscriber.offer(run)

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

    async def read_on(self, after: int) -> Page:
        """What comes after a number, and the head. Whoever asks for the same while it is being read shares
        it: many who come back have missed the same."""
        task = self._reading.get(after)
        if task is None:
            task = self._reading[after] = asyncio.create_task(self._read(after))
            task.add_done_callback(lambda _: self._reading.pop(after))
        return await asyncio.shield(task)

    async def _read(self, after: int) -> Page:
        async with self._hub.read() as connection:
            return await reader.read_after(connection, self.name, after, PAGE)

    def _heal_soon(self) -> None:
        if self._healing is None or self._healing.done():
            self._healing = asyncio.create_task(self._heal())

    async def _heal(self) -> None:
        """One read of the log serves all subscribers."""
        await asyncio.sleep(HOLE_SECONDS)
        while self.cursor < self._target:
            after, target = self.cursor, self._target  # publications go on while the log is read
            try:
                events, place = await self._read(after)
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
        if self._advancing is not None:
            self._advancing.cancel()
        if self._healing is not None:
            self._healing.cancel()
        for task in self._reading.values():
            task.cancel()
