"""Ended sessions, in the memory of every process: what makes signing out work everywhere at once
(docs/adr/0004)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog

from common.errors import ServiceError
from common.log.bus import Bus
from common.log.reader import LogPruned
from common.log.source import Source

TOKEN_LIFE = 15 * 60  # seconds an access token is good for
REMEMBER = TOKEN_LIFE + 60  # seconds an ended session is remembered: until its last token has surely expired
POLL_SECONDS = 1.5  # without Redis a session ends everywhere within two seconds
BEAT_SECONDS = 0.25
LATE_SECONDS = (
    1.0  # a heartbeat this late means that the loop was stopped, and sessions may have ended meanwhile
)
CATCH_UP_SECONDS = 1.0  # that a request waits for auth after such a stop
TOPIC = "sessions"

logger = structlog.get_logger()


class Sessions:
    """Follows auth's topic `sessions` in memory."""

    def __init__(self, source: Source, bus: Bus, on_ended: Callable[[UUID], None]) -> None:
        self.loaded = False
        self._source = source
        self._bus = bus
        self._on_ended = on_ended
        self._ended: dict[UUID, float] = {}  # session id → when it may be forgotten (monotonic)
        self._seq = 0
        self._epoch = ""
        self._wake = asyncio.Event()
        self._polling = asyncio.Lock()
        self._beat = time.monotonic()
        self._stale = False
        self._catching_up: asyncio.Task[None] | None = None

    def has_ended(self, session_id: UUID) -> bool:
        """Whether the session is known to have ended."""
        return session_id in self._ended

    async def fresh(self) -> None:
        """When this process was stopped for a while, catch up before answering. Cut off from auth, go on
        without."""
        if self._stale or time.monotonic() - self._beat > BEAT_SECONDS + LATE_SECONDS:
            if self._catching_up is None or self._catching_up.done():
                self._catching_up = asyncio.create_task(self._catch_up())
            await asyncio.shield(self._catching_up)

    async def _catch_up(self) -> None:
        """One attempt for all who wait. Without auth `run` goes on trying, and nobody waits again."""
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await self.poll()
        except (ServiceError, TimeoutError):
            logger.warning("ended sessions not polled: auth is away")
        self._stale = False
        self._beat = time.monotonic()

    async def run(self) -> None:
        """Follow for ever: woken by publications, polling without them."""
        await self._bus.subscribe("auth", TOPIC, self._receive)
        self._bus.on_change(self._wake.set)
        heart = asyncio.create_task(self._beats())
        try:
            while True:
                try:
                    await self.poll()
                except ServiceError:
                    logger.warning("ended sessions not polled: auth is away")
                except Exception:
                    logger.exception("ended sessions not polled")
                try:
                    async with asyncio.timeout(POLL_SECONDS if self.loaded else POLL_SECONDS / 10):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                self._wake.clear()
        finally:
            heart.cancel()

    async def poll(self) -> None:
        """Read what is new; raises ServiceError when auth is away."""
        async with self._polling:
            if not self.loaded:
                await self._load()
            while True:
                try:
                    page = await self._source.page(TOPIC, self._seq, self._epoch)
                except LogPruned:
                    await self._load()
                    continue
                for event in page.events:
                    self._end(event.resource_id)
                    self._seq = event.seq
                if not page.more:
                    break
            self._forget()

    async def _load(self) -> None:
        snapshot = self._source.snapshot(TOPIC)
        async for item in snapshot:
            self._end(UUID(item["id"]))
        self._seq, self._epoch = snapshot.seq, snapshot.epoch
        self.loaded = True

    def _receive(self, about: dict[str, Any], data: bytes) -> None:  # noqa: ARG002 - the id is all we need
        if about.get("kind") == "session.ended":
            self._end(UUID(about["resource_id"]))  # a hint, but one that only takes away
        self._wake.set()

    def _end(self, session_id: UUID) -> None:
        if session_id not in self._ended:
            self._ended[session_id] = time.monotonic() + REMEMBER
            self._on_ended(session_id)

    def _forget(self) -> None:
        now = time.monotonic()
        self._ended = {session: until for session, until in self._ended.items() if until > now}

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if time.monotonic() - self._beat > BEAT_SECONDS + LATE_SECONDS:
                self._stale = True
                self._wake.set()
            self._beat = time.monotonic()
