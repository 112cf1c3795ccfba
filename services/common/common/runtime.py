"""Everything that one running process of a service holds; the lifespan makes it, requests get it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Request
from redis.asyncio import Redis

from common import gauges, tracing
from common.client import Clients
from common.database import Database
from common.follow import Follower
from common.identity import Keys, Verifier, fetch_keys
from common.live import Live
from common.log import checks, prune
from common.log.bus import Bus, connect
from common.log.events import Event
from common.log.hub import Hub
from common.log.source import HttpSource, LocalSource, Source
from common.log.writer import Writer
from common.readiness import Readiness
from common.service import Service
from common.sessions import Sessions
from common.tasks import end

WORKER_POOL = 3  # MySQL connections of a worker, for reads and for writes; it does few things at a time

logger = structlog.get_logger()


class Runtime:
    """The parts of a running process, by name. A worker has them too, and starts what it needs."""

    def __init__(self, service: Service, *, worker: bool = False) -> None:
        settings = service.settings
        if worker:
            settings = settings.model_copy(update={"pool_size": min(settings.pool_size, WORKER_POOL)})
        self.worker = worker
        self.service = service
        self.name = service.name
        self.settings = settings
        self.database = Database(settings)
        self.redis: Redis = connect(settings.redis_url.get_secret_value(), cluster=settings.redis_cluster)
        self.bus = Bus(service.name, self.redis)
        self.log = Writer(self.database, self._publish)
        self.hub = Hub(self.database, self.bus, self.log.ensure, service.access)
        self.local: Any = None
        self.readiness = Readiness()
        self.draining = False
        self.checked = checks.Report()
        self.clients = Clients(settings, caller=service.name)
        self.sessions = Sessions(self._source("auth"), self.bus, self._session_ended)
        fetch = (
            service.local_keys(self) if service.local_keys else partial(fetch_keys, self.clients.to("auth"))
        )
        self.keys = Keys(fetch)
        self.verifier = Verifier(self.keys, self.sessions, settings.token_issuer)
        self.live = self._make_live()
        self._tasks: list[asyncio.Task[None]] = []

    def _make_live(self) -> Live | None:
        service = self.service
        if service.access is None or self.worker:
            return None
        return Live(
            self.hub,
            self.verifier,
            service.access,
            origins=service.settings.allowed_origins,
            ops=service.live_ops(self),
            on_subscribe=service.on_subscribe(self) if service.on_subscribe else None,
            on_unsubscribe=service.on_unsubscribe(self) if service.on_unsubscribe else None,
        )

    def _source(self, service: str) -> Source:
        """Where the log of a service is read: our own in our database."""
        if service == self.name:
            return LocalSource(self.database, self.service.feeds)
        return HttpSource(self.clients.to(service), service)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            self.bus.publish(event.topic, event.publication(tracing.here()))

    def _session_ended(self, session_id: UUID) -> None:
        if self.live is not None:
            self.live.session_ended(session_id)

    async def _ensure_feeds(self) -> None:
        """What others follow exists before anything has happened: an empty log, with its epoch."""
        missing = set(self.service.feeds)
        while missing:
            try:
                for topic in sorted(missing):
                    await self.log.ensure(topic)
                    missing.discard(topic)
            except Exception as error:  # a database that is away, or not migrated yet
                logger.warning("topics not made yet", reason=type(error).__name__)
                await asyncio.sleep(0.5)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From start to stop. Nothing here waits for MySQL, Redis or another service."""
        gauges.measure(self)
        self.bus.start()
        async with contextlib.AsyncExitStack() as stack:
            if not self.worker:
                self.hub.start()
                if self.service.setup is not None:
                    self.local = await stack.enter_async_context(self.service.setup(self))
            self._tasks = [asyncio.create_task(work) for work in self._work()]
            try:
                yield
            finally:
                await end(self._tasks)
                if self.live is not None:
                    await self.live.close()
        await self.hub.close()
        await self.log.close()
        await self.bus.close()
        await self.clients.close()
        await self.redis.aclose()
        await self.database.close()

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        checking = checks.run(self.database, self.checked)
        if self.worker:
            return [checking, self.readiness.reach(self.database), *self._background()]
        ready = self.readiness.know_who_asks(self.keys, self.sessions)
        serving = [checking, self._ensure_feeds(), self.sessions.run(), ready]
        return [*serving, *(self._background() if self.settings.background else [])]

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        """What one process of a service has to do, and several may (docs/adr/0006)."""
        followers = [
            Follower(feed, self._source(feed.source), self.database, self.log, self.bus)
            for feed in self.service.follows(self)
        ]
        return [
            prune.run(self.database, self.settings.retention_days),
            *(follower.run() for follower in followers),
            *self.service.background(self),
        ]

    def report(self) -> dict[str, Any]:
        """What `/readyz` says. What is away is told, and makes nothing fail."""
        return {
            "ready": self.readiness.complete and not self.draining,
            "draining": self.draining,
            "redis": "connected" if self.bus.connected else "away",
            "mysql": "away" if self.database.away else "connected",
            "missing_settings": self.checked.missing,
        }

    async def drain(self) -> None:
        """No longer ready; send the sockets away one after the other. Lasts as long as it takes to be
        noticed."""
        self.draining = True
        if self.worker:
            return  # nobody sends it anything
        over = asyncio.create_task(asyncio.sleep(self.settings.drain_seconds))
        if self.live is not None:
            await self.live.drain(self.settings.drain_seconds)
        await over


async def _runtime(request: Request) -> Runtime:
    runtime: Runtime = request.scope["state"]["runtime"]
    return runtime


Rt = Annotated[Runtime, Depends(_runtime)]
"""The running process, in a route's signature."""
