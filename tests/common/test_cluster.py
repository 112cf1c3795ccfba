"""Redis Cluster: hints arrive from every one of its servers, and what is missed is made up for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis as Client
from redis.crc import key_slot

from common.ids import new_id
from common.log.bus import Bus, channel, connect
from common.settings import ServiceSettings
from tests.chat.support import new_group
from tests.chat.test_presence import QUICK, address, look
from tests.chat.test_presence import sees as sees_people
from tests.common.conftest import MakeLog, create, write
from tests.common.screen import Screen, sees, subscribe
from tests.support import PersonFactory, Stack, eventually
from tests.support.live import open_live
from tools.stack import Redis, free_port
from tools.stack.ports import HOST

pytestmark = pytest.mark.slow

SLOTS = 16_384
SHARE = -(-SLOTS // 3)


class Nodes:
    """Three primaries with a third of the slots each."""

    def __init__(self, home: Path) -> None:
        self.bus_ports = [free_port() for _ in range(3)]
        self.all = [
            Redis(
                home / str(number),
                more=(
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-port",
                    str(port),
                ),
            )
            for number, port in enumerate(self.bus_ports)
        ]

    async def ask(self, number: int, *command: Any) -> Any:
        """One command to one node."""
        async with Client.from_url(self.all[number].url) as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # it has none

    async def form(self) -> None:
        """Share out the slots, introduce them to each other, and wait until all agree."""
        for number in range(3):
            first, last = number * SHARE, min((number + 1) * SHARE, SLOTS) - 1
            await self.ask(number, "CLUSTER", "ADDSLOTSRANGE", first, last)
            await self.ask(number, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for other in (1, 2):
            await self.ask(0, "CLUSTER", "MEET", HOST, self.all[other].port, self.bus_ports[other])
        await eventually(self.agree, 30)

    async def agree(self) -> bool:
        """Whether each has heard of all and serves."""
        for number in range(3):
            said = await self.ask(number, "CLUSTER", "INFO")
            if b"cluster_state:ok" not in said or b"cluster_known_nodes:3" not in said:
                return False
        return True

    def topic_on(self, number: int) -> str:
        """A new topic whose channel this node has."""
        while key_slot(channel("probe", topic := f"list:{new_id()}").encode()) // SHARE != number:
            pass
        return topic

    async def move(self, topic: str, old: int, new: int) -> None:
        """Give the slot of a topic to another node."""
        slot = key_slot(channel("probe", topic).encode())
        owner = await self.ask(new, "CLUSTER", "MYID")
        for number in (new, old, 3 - old - new):
            await self.ask(number, "CLUSTER", "SETSLOT", slot, "NODE", owner)


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[Nodes]:
    made = Nodes(tmp_path)
    try:
        for node in made.all:
            node.start()
        await made.form()
        yield made
    finally:
        for node in made.all:
            node.kill()


@pytest.fixture
def on_cluster(log_settings: ServiceSettings, nodes: Nodes) -> ServiceSettings:
    url = SecretStr(nodes.all[0].url)
    return log_settings.model_copy(update={"redis_url": url, "redis_cluster": True})


def standing(bus: Bus, *, wanted: bool) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return bus.connected is wanted

    return condition


async def test_hints_of_every_node_arrive_and_a_moved_slot_is_followed(
    on_cluster: ServiceSettings, make_log: MakeLog, nodes: Nodes
) -> None:
    topics = [nodes.topic_on(number) for number in range(3)]
    heard: list[bytes] = []
    async with make_log(on_cluster) as here, make_log(on_cluster) as there:
        for log in (here, there):
            await eventually(standing(log.bus, wanted=True), 10)
        for topic in topics:
            assert await here.bus.subscribe("probe", topic, lambda _, data: heard.append(data))

        async def all_arrive() -> bool:
            heard.clear()
            for topic in topics:
                there.bus.publish(topic, b"{}\n" + topic.encode())
            await asyncio.sleep(0.2)
            return sorted(heard) == sorted(topic.encode() for topic in topics)

        assert await all_arrive()
        changes: list[bool] = []
        here.bus.on_change(lambda: changes.append(here.bus.connected))
        await nodes.move(topics[0], 0, 1)
        await eventually(all_arrive, 15)
        assert changes[:2] == [False, True]  # who follows it compares
        await here.bus.unsubscribe("probe", topics[2])
        topics.pop()
        await eventually(all_arrive)
        assert len(changes) == 2  # to leave is no move


async def test_a_node_that_dies_and_comes_back_loses_nothing(
    on_cluster: ServiceSettings, make_log: MakeLog, nodes: Nodes
) -> None:
    """Also for a process that has no channel there: the others of the cluster may not publish meanwhile."""
    topics = [nodes.topic_on(number) for number in range(3)]
    screens = [Screen() for _ in topics]

    async def all_see(count: int) -> None:
        for screen in screens:
            await eventually(sees(screen, list(range(1, count + 1))), 10)

    async with make_log(on_cluster) as writer, make_log(on_cluster) as reading:
        await eventually(standing(reading.bus, wanted=True), 10)
        for topic, screen in zip(topics, screens, strict=True):
            await create(writer, topic)
            subscribe(reading.hub, screen, topic, 0)
            await write(writer, topic, 2)
        await all_see(2)
        nodes.all[2].kill()
        for log in (reading, writer):
            await eventually(standing(log.bus, wanted=False))
        for topic in topics:
            await write(writer, topic, 2)
        await all_see(4)
        nodes.all[2].start()
        await eventually(nodes.agree, 20)
        for log in (reading, writer):
            await eventually(standing(log.bus, wanted=True), 10)
        for topic in topics:
            await write(writer, topic, 2)
        await all_see(6)


async def test_a_node_that_says_nothing_is_noticed(on_cluster: ServiceSettings, nodes: Nodes) -> None:
    redis = connect(on_cluster.redis_url.get_secret_value(), cluster=True)
    bus = Bus("probe", redis)
    bus.start()
    try:
        await eventually(standing(bus, wanted=True), 10)
        nodes.all[1].pause()
        await eventually(standing(bus, wanted=False), 10)
        nodes.all[1].resume()
        await eventually(standing(bus, wanted=True), 20)
    finally:
        await bus.close()
        await redis.aclose()


@pytest.mark.system
async def test_chat_and_presence(person: PersonFactory, stack: Stack, nodes: Nodes) -> None:
    """Two processes of chat know of each other by the cluster alone."""
    where = {"TODOLIST_REDIS_URL": nodes.all[1].url, "TODOLIST_REDIS_CLUSTER": "true", **QUICK}
    processes = [await asyncio.to_thread(stack.replica, "chat", **where) for _ in range(2)]
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    rooms = [await new_group(alice, viewer=bob) for _ in range(4)]
    first, second = processes
    try:
        async with open_live(address(first), alice.token) as live:
            async with open_live(address(second), bob.token) as his:
                for room in rooms:
                    await his.subscribe(f"room:{room}")
                for room in rooms:
                    await look(live, f"room:{room}")
                    await sees_people(live, f"room:{room}", alice, bob)
                    await live.send({"op": "typing", "topic": f"room:{room}"})
                    await his.frame(op="signal", topic=f"room:{room}", kind="typing")
            await sees_people(live, f"room:{rooms[-1]}", alice)
        for process in processes:
            assert "presence not written" not in process.log
            assert "publications lost" not in process.log
    finally:
        for process in processes:
            process.kill()
