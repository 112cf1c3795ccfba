"""What a subscriber sees: every event once, in order, whatever Redis loses, doubles or delays."""

import asyncio
import json
import random
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from common.ids import new_id
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, event, head, write
from tests.common.screen import Screen, sees, subscribe
from tests.support import eventually
from tests.support.proxy import redis_proxy
from tools.stack import Redis


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**16),
    rates=st.tuples(*[st.sampled_from([0.0, 0.2, 0.6])] * 3),
    readers=st.lists(st.sampled_from(["new", "start", "middle"]), min_size=1, max_size=6),
)
async def test_lost_doubled_and_late_publications_change_nothing(
    log_settings: ServiceSettings,
    make_log: MakeLog,
    redis: Redis,
    seed: int,
    rates: tuple[float, float, float],
    readers: list[str],
) -> None:
    """Readers join before and while two processes write; each sees exactly what follows the place it
    named."""
    topic = f"list:{new_id()}"
    chance = random.Random(seed)
    async with redis_proxy(redis.port, seed=seed) as proxy, make_log(log_settings) as writer:
        proxy.drop, proxy.double, proxy.late = rates
        through = log_settings.model_copy(update={"redis_url": SecretStr(proxy.url)})
        async with make_log(through) as reading:
            await create(writer, topic)
            await write(writer, topic, 5)
            place = await head(writer, topic)

            async def read(kind: str) -> tuple[Screen, int]:
                await asyncio.sleep(chance.uniform(0, 0.1))
                screen = Screen()
                after = {"new": None, "start": 0, "middle": 3}[kind]
                subscribe(reading.hub, screen, topic, after, place.epoch)

                async def began() -> bool:
                    return bool(screen.frames)

                await eventually(began)
                assert screen.frames[0]["op"] == "subscribed"
                return screen, int(str(screen.frames[0]["seq"])) if after is None else after

            screens, *_ = await asyncio.gather(
                asyncio.gather(*map(read, readers)), write(writer, topic, 30), write(reading, topic, 30)
            )
            reading.hub.compare_soon()  # not waiting for its turn: the last publication may be the lost one
            for screen, after in screens:
                await eventually(sees(screen, list(range(after + 1, 66))))


async def test_redis_cut_and_back_loses_nothing(
    log_settings: ServiceSettings, make_log: MakeLog, redis: Redis
) -> None:
    """Without Redis the poll carries on; with it again, everything is compared at once."""
    topic = f"list:{new_id()}"
    async with redis_proxy(redis.port) as proxy, make_log(log_settings) as writer:
        through = log_settings.model_copy(update={"redis_url": SecretStr(proxy.url)})
        async with make_log(through) as reading:
            await create(writer, topic)
            screen = Screen()
            subscribe(reading.hub, screen, topic, 0)
            await write(writer, topic, 3)
            await eventually(sees(screen, [1, 2, 3]))
            proxy.silent = True
            proxy.cut()
            await write(writer, topic, 3)
            await eventually(sees(screen, [1, 2, 3, 4, 5, 6]))
            proxy.silent = False

            async def connected() -> bool:
                return reading.bus.connected

            await eventually(connected)
            await write(writer, topic, 3)
            await eventually(sees(screen, list(range(1, 10))))


async def test_what_is_published_in_one_moment_leaves_in_one_write(log: Log) -> None:
    """Five publications that Redis sent together are five frames and one system call."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    screen = Screen()
    subscribe(log.hub, screen, topic)

    async def began() -> bool:
        return screen.ops() == ["subscribed"]

    await eventually(began)

    live = log.hub.topics[topic]
    for seq in range(1, 6):
        about, _, data = event(seq, topic=topic, epoch=live.epoch).publication().partition(b"\n")
        live.receive(json.loads(about), data)
    await eventually(sees(screen, [1, 2, 3, 4, 5]))
    assert screen.writes == 1


async def test_signals_reach_those_who_are_meant(log: Log) -> None:
    """Ephemeral, without a number; to one account's sockets when it names one."""
    topic = f"room:{new_id()}"
    await create(log, topic)
    one, other = Screen(), Screen()
    for screen in (one, other):
        subscribe(log.hub, screen, topic)

    async def both() -> bool:
        return one.ops() == other.ops() == ["subscribed"]

    await eventually(both)
    log.bus.signal(topic, "read", {"number": 3}, only_account=one.account_id)
    log.bus.signal(topic, "typing", {"account_id": "x"})

    async def came() -> bool:
        return one.ops()[1:] == ["signal", "signal"] and other.ops()[1:] == ["signal"]

    await eventually(came)
    assert one.frames[1]["data"] == {"number": 3}


async def test_who_is_ahead_of_the_topic_gets_nothing_twice(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subscription reads in the log what the topic has not been told yet, and waits for it to be level."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    early, late = Screen(), Screen()
    subscribe(log.hub, early, topic)

    async def began(screen: Screen) -> bool:
        return screen.ops()[:1] == ["subscribed"]

    await eventually(partial(began, early))
    live = log.hub.topics[topic]
    monkeypatch.setattr(log.bus, "publish", lambda *_: None)
    monkeypatch.setattr(live, "_heal_soon", lambda: None)
    await write(log, topic, 3)
    following = subscribe(log.hub, late, topic)
    await eventually(partial(began, late))
    assert (live.cursor, following.cursor) == (0, 3)
    assert following not in live.level
    for seq in range(1, 5):
        about, _, data = event(seq, topic=topic, epoch=live.epoch).publication().partition(b"\n")
        live.receive(json.loads(about), data)
    await eventually(sees(early, [1, 2, 3, 4]))
    await eventually(sees(late, [4]))
    assert following in live.level


async def test_what_is_published_first_after_an_outage_arrives(
    log_settings: ServiceSettings, make_log: MakeLog, redis: Redis
) -> None:
    """A process that has not published since Redis was away does so on a connection that is dead."""
    topic = f"list:{new_id()}"
    async with redis_proxy(redis.port) as proxy, make_log(log_settings) as listening:
        through = log_settings.model_copy(update={"redis_url": SecretStr(proxy.url)})
        async with make_log(through) as publishing:
            came: list[bytes] = []
            await listening.bus.subscribe("probe", topic, lambda _, data: came.append(data))

            async def arrived(payload: bytes) -> bool:
                return payload in came

            publishing.bus.publish(topic, b"{}\nbefore")
            await eventually(partial(arrived, b"before"))
            proxy.cut()
            publishing.bus.publish(topic, b"{}\nafter")
            await eventually(partial(arrived, b"after"))
