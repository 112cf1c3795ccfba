"""One socket among others of its process."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from common.clock import now
from common.identity import Identity
from common.ids import new_id
from common.log.frames import Subscribe
from common.log.hub import Hub
from common.log.wire import Wire
from common.runtime import Runtime
from common.service import Service
from common.settings import ServiceSettings
from common.socket import Home, Socket
from tests.common.conftest import Everybody, Log, create

TOPICS = 200


class _Home:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.began: list[str] = []
        self.left: list[str] = []

    def may_ask(self, account_id: object, topic: str) -> bool:  # noqa: ARG002 - the socket's interface
        return True

    def subscribed(self, socket: Socket, topic: str) -> None:  # noqa: ARG002 - the socket's interface
        self.began.append(topic)

    def unsubscribed(self, socket: Socket, topic: str) -> None:  # noqa: ARG002 - the socket's interface
        self.left.append(topic)


class _Wire:
    def write(self, frame: bytes) -> bool:  # noqa: ARG002 - the wire's interface
        return True

    async def drained(self) -> None:
        pass


def _follows(home: Home, topics: Sequence[str]) -> Socket:
    identity = Identity(new_id(), new_id(), "Ada", "member", now() + timedelta(hours=1))
    socket = Socket(home, cast(Wire, _Wire()), identity)
    for topic in topics:
        socket.subscribe(Subscribe(op="subscribe", topic=topic))
    return socket


async def test_a_socket_that_followed_much_gives_it_back_bit_by_bit(log: Log) -> None:
    """In one go, hundreds of topics would keep everybody else waiting."""
    home = _Home(log.hub)
    topics = [f"list:{new_id()}" for _ in range(TOPICS)]
    await asyncio.gather(*(create(log, topic) for topic in topics))
    socket = _follows(home, topics)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await socket.end()
    task.cancel()
    assert turns >= TOPICS
    assert not home.began, "it has gone: whoever is told that it follows something is told wrong"
    assert home.left == topics
    assert not log.hub.topics


async def test_a_process_ends_after_what_its_sockets_gave_back(log_settings: ServiceSettings) -> None:
    """Without a drain, too: a subscription that lives on would read from a database that was closed."""
    runtime = Runtime(Service("probe", log_settings, [], access=Everybody()))
    assert runtime.live is not None
    left: list[int] = []
    close = runtime.hub.close

    async def hub_closes() -> None:
        left.append(len(socket.topics))
        await close()

    runtime.hub.close = hub_closes  # type: ignore[method-assign]  # to look at that moment
    async with runtime.running():
        socket = _follows(runtime.live, [f"list:{new_id()}" for _ in range(TOPICS)])
        runtime.live._left(socket)
    assert left == [0]
