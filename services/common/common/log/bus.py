"""Redis as a hint (docs/adr/0005): what is published may be lost, doubled or late, and nobody waits for it.

Sharded pub/sub (Redis 7) on channels that carry the topic as their hash tag, so that a cluster spreads them
(cluster.py).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisClusterException, RedisError

from common import metrics, tracing
from common.schemas import encode
from common.tasks import end

CONFIRM_SECONDS = 1.0  # how long a subscription may take to be confirmed before we go on without
PING_SECONDS = 1.0
SILENCE_SECONDS = 3.0  # without any answer: the connection is dead, whatever TCP says
QUEUE = 10_000  # publications that may wait while Redis is slow; older ones are dropped
PIPELINE = 500  # publications sent at once

AWAY = (RedisError, RedisClusterException, OSError, TimeoutError)  # what a Redis that is not there raises
TIMEOUTS: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 2, "health_check_interval": 0}

Receive = Callable[[dict[str, Any], bytes], None]
"""Gets the decoded first line of a publication, and the rest."""

logger = structlog.get_logger()


def connect(url: str, *, cluster: bool = False) -> "Redis":
    """A client that reports a lost connection instead of hiding it: what was missed meanwhile must be read
    again."""
    if cluster:
        from common.log.cluster import Cluster  # loaded only where it is asked for

        return cast(Redis, Cluster.from_url(url, **TIMEOUTS))  # it has every method that we use
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), **TIMEOUTS)


def channel(service: str, topic: str) -> str:
    """The Redis channel of a service's topic."""
    return f"{service}:{{{topic}}}:events"


class Bus:
    """One subscribing connection and one publishing queue of a process."""

    def __init__(self, service: str, redis: "Redis") -> None:
        self.service = service
        self.connected = False
        self._redis = redis
        self._pubsub: PubSub | None = None
        self._receivers: dict[str, Receive] = {}
        self._confirmed: dict[str, asyncio.Future[None]] = {}
        self._on_change: list[Callable[[], None]] = []
        self._queue: deque[tuple[str, bytes, str | None]] = deque(maxlen=QUEUE)
        self._queued = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._sending = 0  # taken from the queue, not yet taken by Redis
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen and to publish."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._publish())]

    async def close(self) -> None:
        """Publish what waits, if Redis takes it, and stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._idle.wait()
        await end(self._tasks)

    def on_change(self, call: Callable[[], None]) -> None:
        """Call this whenever the subscription breaks (poll from now on) and stands again (something was
        missed)."""
        self._on_change.append(call)

    async def subscribe(self, service: str, topic: str, receive: Receive) -> bool:
        """Receive what is published about a topic; true once Redis has confirmed it.

        False while Redis is away: the subscription is made when it is back.
        """
        name = channel(service, topic)
        self._receivers[name] = receive
        pubsub = self._pubsub
        if pubsub is None:
            return False
        future = self._confirmed.setdefault(name, asyncio.get_running_loop().create_future())
        try:
            await pubsub.ssubscribe(name)
            async with asyncio.timeout(CONFIRM_SECONDS):
                await asyncio.shield(future)
            return True
        except AWAY:
            return False

    async def unsubscribe(self, service: str, topic: str) -> None:
        """Stop receiving."""
        name = channel(service, topic)
        self._receivers.pop(name, None)
        if self._pubsub is not None and self.connected:
            with contextlib.suppress(*AWAY):
                await self._pubsub.sunsubscribe(name)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish soon. Never waits and never fails: it is a hint."""
        if len(self._queue) == QUEUE:
            metrics.PUBLICATIONS_LOST.inc()
        self._queue.append((channel(self.service, topic), payload, tracing.here()))
        self._idle.clear()
        self._queued.set()

    @property
    def waiting(self) -> int:
        """Publications that Redis has not taken yet."""
        return len(self._queue) + self._sending

    def signal(
        self, topic: str, kind: str, data: dict[str, Any], *, only_account: UUID | None = None
    ) -> None:
        """Publish something ephemeral to those who follow a topic, or to one account's sockets among them. It
        has no number and is never made up for."""
        about = {"topic": topic, "signal": kind, "only": only_account}
        self.publish(topic, encode(about) + b"\n" + encode(data))

    async def _publish(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            try:
                await self._send()
            except Exception as error:
                lost, self._sending = self.waiting, 0
                metrics.PUBLICATIONS_LOST.inc(lost)
                self._queue.clear()
                logger.warning("publications lost", reason=type(error).__name__, count=lost)
            self._idle.set()

    async def _send(self) -> None:
        while self._queue:
            self._sending = min(PIPELINE, len(self._queue))
            batch = [self._queue.popleft() for _ in range(self._sending)]
            first, *others = dict.fromkeys(place for _, _, place in batch if place) or [""]
            about = {"db__system__name": "redis", "db__operation__batch__size": self._sending}
            with tracing.span("SPUBLISH", "producer", parent=first, links=others, **about):
                try:
                    await self._spublish(batch)
                except Disconnected:
                    # It may only have been idle since Redis was last away. To publish twice does no harm.
                    await self._spublish(batch)
            self._sending = 0

    async def _spublish(self, batch: list[tuple[str, bytes, str | None]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name, payload, _ in batch:
                pipeline.execute_command("SPUBLISH", name, payload)
            await pipeline.execute()

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._receive_from(pubsub)
            except AWAY as error:
                if self.connected:
                    logger.warning("redis is away", reason=type(error).__name__)
            except Exception:
                logger.exception("the subscription to redis failed; it is made again")
            finally:
                self._set_connected(False)
                self._pubsub = None
            await asyncio.sleep(0.2)

    async def _receive_from(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        names = [f"{self.service}:keepalive", *self._receivers]
        await pubsub.ssubscribe(*names)
        self._pubsub = pubsub
        asked, waiting = set(names), set(names)
        heard = pinged = loop.time()
        while True:
            message = await pubsub.get_message(timeout=PING_SECONDS)
            if message is not None:
                heard = loop.time()
                self._handle(message, waiting)
            elif loop.time() - heard > SILENCE_SECONDS:
                raise TimeoutError
            if not waiting and not self.connected:
                if (
                    later := set(self._receivers) - asked
                ):  # asked for while we connected: confirmed first, too
                    asked |= later
                    waiting |= later
                    await pubsub.ssubscribe(*later)
                    continue
                self._set_connected(True)
            if loop.time() - pinged >= PING_SECONDS:
                pinged = loop.time()
                await pubsub.ping()

    def _handle(self, message: dict[str, Any], waiting: set[str]) -> None:
        name = (message["channel"] or b"").decode()
        if message["type"] == "ssubscribe":
            waiting.discard(name)
            if (future := self._confirmed.pop(name, None)) is not None and not future.done():
                future.set_result(None)
        elif message["type"] == "smessage" and (receive := self._receivers.get(name)) is not None:
            try:
                about, _, data = message["data"].partition(b"\n")
                receive(orjson.loads(about), data)
            except Exception:  # whatever it was, it was a hint: the next one has to get through
                logger.exception("a publication could not be used", channel=name)

    def _set_connected(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            metrics.REDIS_CONNECTED.set(connected)
            for call in self._on_change:
                call()
