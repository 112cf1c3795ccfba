"""Who is here: kept in Redis alone, with an expiry, and told as changes to those who have the room on screen.

A sorted set a room, `chat:presence:{room:<id>}`, holds "account:process" scored by when it expires. Each
process renews its own entries, so the people of a process that dies leave by themselves. Without Redis there
is no presence, and no error.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from chat.settings import Settings
from chat.topics import room_of
from common.log.bus import AWAY, Bus, channel
from common.log.events import signal_frame
from common.log.frames import Focus
from common.schemas import encode
from common.socket import Socket

PIPELINE = 500  # people renewed in one round trip

Pair = tuple[str, UUID]  # a room's topic and somebody who follows it from this process

logger = structlog.get_logger()


@dataclass(eq=False)
class Screen:
    """A room that somebody in this process has on screen, with what each of those sockets was told."""

    topic: str
    told: dict[Socket, frozenset[str] | None] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Presence:
    """Presence as one process takes part in it."""

    def __init__(self, redis: Redis, bus: Bus, settings: Settings) -> None:
        self._redis = redis
        self._bus = bus
        self._settings = settings
        self._process = secrets.token_hex(6)
        self._here: dict[Pair, set[Socket]] = {}
        self._unwritten: set[Pair] = set()
        self._wake = asyncio.Event()
        self._screens: dict[str, Screen] = {}
        self._wanted: WeakKeyDictionary[Socket, str] = WeakKeyDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Give signs of life; at the end, take everyone of this process out."""
        self._bus.on_change(self._redis_came_or_went)
        self._spawn(self._beat())
        try:
            yield
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            left = self._unwritten | self._here.keys()
            self._here.clear()
            await self._write(left, tell=True)

    async def subscribed(self, socket: Socket, topic: str) -> None:
        """Somebody follows a topic: if it is a room's, they are there."""
        if room_of(topic) is None:
            return
        sockets = self._here.setdefault((topic, socket.account_id), set())
        sockets.add(socket)
        if len(sockets) == 1:
            self._changed((topic, socket.account_id))
        if self._wanted.get(socket) == topic:
            self._show(socket, topic)

    async def unsubscribed(self, socket: Socket, topic: str) -> None:
        """They follow it no longer, or their socket has closed."""
        self._hide(socket, topic)
        pair = (topic, socket.account_id)
        sockets = self._here.get(pair, set())
        sockets.discard(socket)
        if pair in self._here and not sockets:
            del self._here[pair]
            self._changed(pair)

    async def focus(self, socket: Socket, frame: Focus) -> None:
        """A client says which room is on screen. It stays wanted when the subscription begins again."""
        before = self._wanted.pop(socket, None)
        if before is not None:
            self._hide(socket, before)
        if frame.topic is None:
            return
        if frame.topic not in socket.topics or room_of(frame.topic) is None:
            socket.refuse(frame.op, frame.topic, "not-found", "Subscribe to the room first.")
            return
        self._wanted[socket] = frame.topic
        if self.follows(socket, frame.topic):
            self._show(socket, frame.topic)

    def follows(self, socket: Socket, topic: str) -> bool:
        """Whether a socket's subscription stands; one that was only asked for has not been checked yet."""
        return topic in socket.topics and socket in self._here.get((topic, socket.account_id), ())

    def _changed(self, *pairs: Pair) -> None:
        self._unwritten.update(pairs)
        self._wake.set()

    def _redis_came_or_went(self) -> None:
        """A Redis that comes back may have forgotten everyone."""
        self._changed(*self._here)

    async def _beat(self) -> None:
        """Write what changed as soon as it changes, and everything at every beat."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._settings.presence_refresh
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
            self._wake.clear()
            changed, self._unwritten = self._unwritten, set()
            await self._write(changed, tell=True)
            if loop.time() >= due:
                await self._write(self._here, tell=False)
                due = loop.time() + self._settings.presence_refresh

    async def _write(self, pairs: Iterable[Pair], *, tell: bool) -> None:
        """Write who is here and who is not; `tell` those who have the rooms on screen to look again."""
        waiting = list(pairs)
        try:
            for start in range(0, len(waiting), PIPELINE):
                async with self._redis.pipeline(transaction=False) as pipeline:
                    some = waiting[start : start + PIPELINE]
                    for pair in some:
                        self._write_one(pipeline, *pair)
                    # Behind the entries on their own connection, not in the queue of the log's publications.
                    for topic in {topic for topic, _ in some if tell}:
                        name = channel(self._bus.service, _hint(topic))
                        pipeline.execute_command("SPUBLISH", name, b"{}\n")
                    await pipeline.execute()
        except AWAY as error:
            logger.warning("presence not written", reason=type(error).__name__)

    def _write_one(self, pipeline: Pipeline, topic: str, account_id: UUID) -> None:
        key, member, now = _key(topic), f"{account_id}:{self._process}", time.time()
        if (topic, account_id) in self._here:
            pipeline.zadd(key, {member: now + self._settings.presence_ttl})
        else:
            pipeline.zrem(key, member)
        pipeline.zremrangebyscore(key, "-inf", now)
        pipeline.pexpire(key, int(self._settings.presence_ttl * 1000))

    def _show(self, socket: Socket, topic: str) -> None:
        screen = self._screens.get(topic)
        if screen is None:
            screen = self._screens[topic] = Screen(topic)
            self._spawn(self._watch(screen))
        screen.told[socket] = None
        screen.changed.set()

    def _hide(self, socket: Socket, topic: str) -> None:
        if (screen := self._screens.get(topic)) is not None:
            screen.told.pop(socket, None)
            screen.changed.set()

    async def _watch(self, screen: Screen) -> None:
        """Tell the sockets about their room, from the first that looks at it to the last that looks away."""
        while screen.told:
            await self._bus.subscribe(
                self._bus.service, _hint(screen.topic), lambda _about, _data: screen.changed.set()
            )
            while screen.told:
                screen.changed.clear()
                await self._tell(screen)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.presence_poll):
                        await screen.changed.wait()
                if (
                    None not in screen.told.values()
                ):  # nobody waits for a first answer: gather what else changes
                    await asyncio.sleep(self._settings.presence_batch)
            await self._bus.unsubscribe(self._bus.service, _hint(screen.topic))
        del self._screens[screen.topic]  # in the turn in which nobody was seen to look

    async def _tell(self, screen: Screen) -> None:
        try:
            found: list[Any] = await self._redis.zrangebyscore(_key(screen.topic), time.time(), "+inf")
        except AWAY:
            return  # without Redis nobody is told anything
        online = frozenset(member.decode().partition(":")[0] for member in found)
        frames: dict[frozenset[str] | None, bytes] = {online: b""}  # by what they know: most know the same
        for socket, told in list(screen.told.items()):
            if told not in frames:
                frames[told] = _frame(screen.topic, online, told)
            if frames[told]:
                socket.write(frames[told])
            screen.told[socket] = online

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(topic: str) -> str:
    return f"chat:presence:{{{topic}}}"


def _hint(topic: str) -> str:
    """What is published when a room's entries change: whoever shows the room reads them again."""
    return f"presence:{topic}"


def _frame(topic: str, online: frozenset[str], told: frozenset[str] | None) -> bytes:
    """What tells who is here to those who know nothing yet, or who came and went since they were told."""
    if told is None:
        people = {"online": online}
    else:
        people = {"joined": online - told, "left": told - online}
    return signal_frame(topic, "presence", encode({name: sorted(ids) for name, ids in people.items()}))
