"""The hub: which sockets of this process follow which topic, and that none of them stays behind the log."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from common import metrics
from common.database import Database
from common.errors import ServiceError
from common.log import reader
from common.log.access import Access
from common.log.bus import Bus
from common.log.looks import Looks
from common.log.topic import Subscriber, Topic
from common.tasks import end

COMPARE_SECONDS = 10.0  # how often cursors are compared with the log
COMPARE_SECONDS_ALONE = 2.0  # and without Redis
READERS = 4  # reads of the log that are under way at once

logger = structlog.get_logger()


class Hub:
    """All topics that sockets of this process follow."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        ensure: Callable[[str], Awaitable[None]],
        access: Access | None = None,
    ) -> None:
        self.database = database
        self.bus = bus
        self.ensure = ensure  # brings somebody's own topic into being
        self.topics: dict[str, Topic] = {}
        self.looks = Looks(
            self.read, access
        )  # without a rule, nobody may follow anything but their own topic
        self._readers = asyncio.Semaphore(READERS)
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

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading the log: only few at once, so that the pool is never exhausted by them."""
        async with self._readers, self.database.read() as connection:
            yield connection

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
        topic.level.pop(subscriber, None)
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
            async with self.read() as connection:
                places = await reader.heads(connection, known)
            for name, place in places.items():
                if (topic := self.topics.get(name)) is not None and topic.opened.done():
                    topic.compare(place, known[name])
