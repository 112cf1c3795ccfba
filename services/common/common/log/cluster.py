"""Redis Cluster, for those who ask for it: the same hints, spread over several servers by their topics.

Every server that holds one of our channels gets a subscribing connection of its own. One that breaks, a slot
that moves and a primary that does not answer end the whole subscription: the bus says so, everyone polls, and
the next one begins with the cluster's new map. Nothing is patched up here, so nothing is missed unnoticed.
"""

import asyncio
from collections import Counter
from typing import Any, Self

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import RedisClusterException, RedisError

from common.tasks import end

WATCH_SECONDS = 1.0  # between two looks at the primaries, and at each subscribing connection
SILENT_LOOKS = 3  # without any answer: the connection is dead, whatever TCP says


class Cluster(RedisCluster):
    """A cluster's client. What it is told to do again, it does with a new map, once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, retry=Retry(NoBackoff(), 1))
        self._options = options

    async def initialize(self, *others: Any, **more: Any) -> Self:
        """Read the map: from whom we know, or else (all may have new addresses) from where we began."""
        await super().initialize(*(others or [self._beginning()]), **more)
        return self

    async def refresh(self) -> None:
        """Read the map again."""
        await self.initialize()
        await self.nodes_manager.initialize(additional_startup_nodes_info=self._beginning())

    async def reach_primaries(self) -> None:
        """Fail unless every primary answers: without one of them, a cluster as it comes serves nobody."""
        await self.ping(target_nodes=self.PRIMARIES)

    def node_of(self, channel: str) -> tuple[str, int]:
        """The address of the primary that has a channel."""
        node = self.get_node_from_key(channel)
        if node is None:
            raise Lost("no node has the slot")
        return node.host, int(node.port)

    def single(self, address: tuple[str, int]) -> "Redis":
        """A client for one server of the cluster, which reports a lost connection."""
        host, port = address
        return Redis(**{**self._options, "host": host, "port": port}, retry=Retry(NoBackoff(), 0))

    def pubsub(self, *_: Any, **__: Any) -> "Subscriptions":  # type: ignore[override]  # ours reports what it lost
        """Subscriptions wherever the channels are."""
        return Subscriptions(self)

    def _beginning(self) -> list[tuple[str, int]]:
        return [(self._options["host"], self._options.get("port", 6379))]


class Subscriptions:
    """What the bus uses of a PubSub, over several servers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._servers: dict[tuple[str, int], tuple[Redis, PubSub]] = {}
        self._channels: dict[str, PubSub] = {}
        self._leaving: Counter[str] = Counter()
        self._heard: asyncio.Queue[dict[str, Any] | Exception] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._connecting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._cluster.refresh()
        await self._cluster.reach_primaries()
        self._tasks.append(asyncio.create_task(self._watch()))
        return self

    async def __aexit__(self, *_: object) -> None:
        await end(self._tasks)
        for client, pubsub in self._servers.values():
            await pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py has no type for it
            await client.aclose()

    async def ssubscribe(self, *names: str) -> None:
        """Ask for channels: one at a time, since a command must not span slots."""
        try:
            for name in names:
                pubsub = self._channels[name] = await self._server_of(name)
                await pubsub.ssubscribe(name)
        except (RedisError, RedisClusterException, OSError) as error:
            self._heard.put_nowait(error)  # not only to who asked: redis-py would connect again unseen
            raise

    async def sunsubscribe(self, name: str) -> None:
        """Leave a channel."""
        if (pubsub := self._channels.pop(name, None)) is not None:
            self._leaving[name] += 1
            await pubsub.sunsubscribe(name)

    async def ping(self) -> None:
        """Ask every connection for a sign of life."""
        for _, pubsub in self._servers.values():
            if pubsub.subscribed:
                await pubsub.ping()

    async def get_message(self, timeout: float) -> dict[str, Any] | None:
        """The next message from anywhere, or the failure that ends it all."""
        try:
            async with asyncio.timeout(timeout):
                heard = await self._heard.get()
        except TimeoutError:
            return None
        if isinstance(heard, Exception):
            raise heard
        return heard

    async def _server_of(self, name: str) -> PubSub:
        address = self._cluster.node_of(name)
        async with self._connecting:
            if address not in self._servers:
                client = self._cluster.single(address)
                pubsub = client.pubsub()
                self._servers[address] = client, pubsub
                await pubsub.connect()  # type: ignore[no-untyped-call]  # redis-py has no type for it
                self._tasks.append(asyncio.create_task(self._read(pubsub)))
            return self._servers[address][1]

    async def _read(self, pubsub: PubSub) -> None:
        silent = 0
        try:
            while silent <= SILENT_LOOKS:
                message = await pubsub.get_message(timeout=WATCH_SECONDS)
                silent = silent + 1 if message is None and pubsub.subscribed else 0
                if message is not None:
                    self._look_for_a_move(message)
                    self._heard.put_nowait(message)
            raise TimeoutError
        except Exception as error:
            self._heard.put_nowait(error)

    def _look_for_a_move(self, message: dict[str, Any]) -> None:
        """A server that gives a slot away takes its subscribers off the list."""
        if message["type"] == "sunsubscribe":
            name = message["channel"].decode()
            if not self._leaving[name]:
                raise Lost("a slot has moved")
            self._leaving[name] -= 1

    async def _watch(self) -> None:
        """A primary that has none of our channels counts, too: without it others may not publish at all."""
        try:
            while True:
                await asyncio.sleep(WATCH_SECONDS)
                await self._cluster.reach_primaries()
        except Exception as error:
            self._heard.put_nowait(error)
