"""Everything that one running process of a service holds; the lifespan makes it, requests get it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from redis.asyncio import Redis
from sqlalchemy import MetaData, text

from common import gauges, tracing
from common.client import ServiceClient
from common.conversation import Op
from common.database import Database
from common.errors import ServiceError, Unavailable
from common.follow import Feed, Follower
from common.identity import FetchKeys, Keys, Verifier
from common.live import Hook, Live
from common.log import checks, prune
from common.log.access import Access
from common.log.bus import Bus, connect
from common.log.events import Event
from common.log.hub import Hub
from common.log.source import HttpSource, LocalSource, SnapshotPage
from common.log.transaction import Tx
from common.log.writer import Writer
from common.sessions import Sessions
from common.settings import ServiceSettings
from common.tasks import end

WORKER_POOL = 3  # MySQL connections of a worker, for reads and for writes; it does few things at a time

logger = structlog.get_logger()


@dataclass
class Service:
    """What makes a service itself; everything else is common."""

    name: str
    settings: ServiceSettings
    metadata: MetaData
    routers: list[APIRouter]
    direct: Sequence[Callable[..., Any]] = ()  # endpoints that are asked for most (direct.py)
    access: Access | None = None  # none: the service has no live endpoint
    feeds: dict[str, SnapshotPage] = field(default_factory=dict)  # topics that other services may follow
    follows: "Callable[[Runtime], list[Feed]]" = lambda _: []
    live_ops: "Callable[[Runtime], dict[str, Op]]" = lambda _: {}
    on_subscribe: "Callable[[Runtime], Hook] | None" = None
    on_unsubscribe: "Callable[[Runtime], Hook] | None" = None
    background: "Callable[[Runtime], list[Coroutine[Any, Any, None]]]" = lambda _: []  # beyond following
    setup: "Callable[[Runtime], AbstractAsyncContextManager[Any]] | None" = (
        None  # its value becomes runtime.local, in a process that serves
    )
    local_keys: "Callable[[Runtime], FetchKeys] | None" = None  # auth reads its own keys


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
        self.hub = Hub(self.database, self.bus, self._ensure, service.access)
        self.local: Any = None
        self._started = asyncio.Event()
        self.draining = False
        self.checked = checks.Report()
        self._clients: dict[str, ServiceClient] = {}
        own = service.local_keys is not None
        source = LocalSource(self.database, service.feeds) if own else HttpSource(self.client("auth"), "auth")
        self.sessions = Sessions(source, self.bus, self._session_ended)
        self.keys = Keys(service.local_keys(self) if service.local_keys else self._fetch_keys)
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

    def client(self, callee: str) -> ServiceClient:
        """The client for another service."""
        if callee not in self._clients:
            url = {
                "auth": self.settings.auth_url,
                "todo": self.settings.todo_url,
                "chat": self.settings.chat_url,
            }
            key = self.settings.service_key.get_secret_value()
            self._clients[callee] = ServiceClient(url[callee], key=key, caller=self.name, callee=callee)
        return self._clients[callee]

    async def signal(
        self, topic: str, kind: str, data: dict[str, Any], *, only_account: UUID | None = None
    ) -> None:
        """Send something ephemeral to those who follow the topic (or to one account's sockets among them)."""
        self.bus.signal(topic, kind, data, str(only_account) if only_account else None)

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            self.bus.publish(event.topic, event.publication(tracing.here()))

    async def _ensure(self, topic: str) -> None:
        async def nothing(tx: Tx) -> None:
            await tx.lock(topic)

        await self.log.write([], nothing)

    def _session_ended(self, session_id: UUID) -> None:
        if self.live is not None:
            self.live.session_ended(session_id)

    async def _fetch_keys(self) -> dict[str, Any]:
        answer = await self.client("auth").get("/api/auth/.well-known/jwks.json")
        if answer.status_code != 200:
            raise Unavailable(f"auth answered {answer.status_code} when asked for its public keys.")
        document: dict[str, Any] = answer.json()
        return document

    @property
    def ready(self) -> bool:
        """Whether the first start is complete."""
        return self._started.is_set()

    async def until_ready(self, seconds: float) -> None:
        """Wait for the first start to be complete, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._started.wait(), seconds)

    async def _become_ready(self) -> None:
        """Ready once the public keys and the ended sessions are read; until then, try again."""
        while not self.ready:
            try:
                await self.keys.refresh()
                if self.sessions.loaded:
                    self._started.set()
                await asyncio.sleep(0.05)
            except Exception as error:
                expected = isinstance(error, ServiceError)
                logger.warning("not ready yet", reason=str(error), exc_info=None if expected else error)
                await asyncio.sleep(0.5)
        logger.info("ready")

    async def _reach_database(self) -> None:
        """A worker is ready once it has reached its database: settings that lead nowhere show at once."""
        while not self.ready:
            try:
                async with self.database.read() as connection:
                    await connection.execute(text("SELECT 1"))
                self._started.set()
            except Exception as error:
                logger.warning("not ready yet", reason=str(error))
                await asyncio.sleep(0.5)
        logger.info("ready")

    async def _ensure_feeds(self) -> None:
        """What others follow exists before anything has happened: an empty log, with its epoch."""
        missing = set(self.service.feeds)
        while missing:
            try:
                for topic in sorted(missing):
                    await self._ensure(topic)
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
        await self.hub.close()
        await self.log.close()
        await self.bus.close()
        for client in self._clients.values():
            await client.aclose()
        await self.redis.aclose()
        await self.database.close()

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        checking = checks.run(self.database, self.checked)
        if self.worker:
            return [checking, self._reach_database(), *self._background()]
        serving = [checking, self._ensure_feeds(), self.sessions.run(), self._become_ready()]
        return [*serving, *(self._background() if self.settings.background else [])]

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        """What one process of a service has to do, and several may (docs/adr/0006)."""
        followers = [
            Follower(
                feed, HttpSource(self.client(feed.source), feed.source), self.database, self.log, self.bus
            )
            for feed in self.service.follows(self)
        ]
        return [
            prune.run(self.database, self.settings.retention_days),
            *(follower.run() for follower in followers),
            *self.service.background(self),
        ]

    def database_report(self) -> dict[str, Any]:
        """What `/readyz` says of MySQL."""
        mysql = "away" if self.database.away else "connected"
        return {"mysql": mysql, "missing_settings": self.checked.missing}

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
