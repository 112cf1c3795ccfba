"""What a subscriber sees: every event once, in order, whatever Redis loses, doubles or delays."""

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import now
from common.errors import Unavailable
from common.ids import new_id
from common.log import looks, reader
from common.log.events import Event, Revokes, Run, runs
from common.log.frames import Frame
from common.log.hub import Hub
from common.log.prune import prune
from common.log.reader import Head
from common.log.subscription import Subscription
from common.log.tables import TOPICS
from common.log.transaction import Tx
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, note
from tests.support import eventually
from tests.support.proxy import redis_proxy
from tools.stack import Redis


class Screen:
    """A socket that only remembers what it was sent."""

    def __init__(self, account_id: UUID | None = None) -> None:
        self.account_id = account_id or new_id()
        self.starting = asyncio.Semaphore(8)
        self.turn = asyncio.Lock()
        self.reading = asyncio.Semaphore(2)
        self.frames: list[dict[str, object]] = []
        self.over = False
        self.writes = 0

    def write(self, frames: bytes) -> None:
        self.writes += 1
        self.frames += [json.loads(payload) for payload in payloads(frames)]

    def send(self, frame: Frame) -> None:
        self.frames.append(frame.model_dump(mode="json"))

    def began(self, topic: str) -> None:
        pass

    def ended(self, topic: str) -> None:  # noqa: ARG002 - the socket's interface
        self.over = True

    async def drained(self) -> None:
        await asyncio.sleep(0)

    def seqs(self) -> list[int]:
        return [int(str(frame["seq"])) for frame in self.frames if frame["op"] == "event"]

    def ops(self) -> list[object]:
        return [frame["op"] for frame in self.frames]


def payloads(frames: bytes) -> Iterator[bytes]:
    """What one write carries: one frame or several."""
    while frames:
        head = {126: 4, 127: 10}.get(frames[1], 2)
        size = int.from_bytes(frames[2:head]) if head > 2 else frames[1]
        yield frames[head : head + size]
        frames = frames[head + size :]


def subscribe(
    hub: Hub, screen: Screen, topic: str, after: int | None = None, epoch: str | None = None
) -> Subscription:
    subscription = Subscription(hub, screen, topic)
    subscription.start(after, epoch)
    return subscription


async def write(log: Log, topic: str, count: int = 1) -> None:
    async def action(tx: Tx) -> None:
        await note(tx, topic, "x")

    for _ in range(count):
        await log.writer.write([topic], action)


async def head(log: Log, topic: str) -> Head:
    async with log.database.read() as connection:
        place = await reader.head(connection, topic)
    assert place is not None
    return place


def sees(screen: Screen, seqs: list[int]) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return screen.seqs() == seqs

    return condition


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


async def test_subscriptions_that_were_looked_at_together_stand_one_by_one(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """Hundreds of one socket may have been: everybody else has a turn of the loop between them."""
    async with make_log(log_settings) as log:
        topics = [f"list:{new_id()}" for _ in range(10)]
        for topic in topics:
            await create(log, topic)
        screen, turn = Screen(), 0
        stood: list[int] = []

        async def count() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        screen.send = lambda _: stood.append(turn)  # type: ignore[method-assign, assignment]  # only when, not what
        counting = asyncio.create_task(count())
        for topic in topics:
            subscribe(log.hub, screen, topic)

        async def all_stand() -> bool:
            return len(stood) == len(topics)

        await eventually(all_stand)
        counting.cancel()
        assert len(set(stood)) == len(topics)


async def test_many_who_have_missed_much_read_on_together(
    log_settings: ServiceSettings, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a look brings: those of one topic that were left at the same number share what is read."""
    monkeypatch.setattr(reader, "ROWS", 2)
    async with make_log(log_settings) as log:
        topic = f"list:{new_id()}"
        await create(log, topic)
        await write(log, topic, 5)
        asked: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        sa.event.listen(log.database.reads.engine.sync_engine, "before_cursor_execute", count)
        screens = [Screen() for _ in range(20)]
        for screen in screens:
            subscribe(log.hub, screen, topic, 0)
        for screen in screens:
            await eventually(sees(screen, [1, 2, 3, 4, 5]))
        assert len(asked) < len(screens)


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


async def test_what_cannot_be_recovered_is_never_recovered_in_part(log: Log) -> None:
    """Too far behind, pruned, another epoch, ahead of the log: the client loads the state."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 3)
    place = await head(log, topic)

    async def answer(after: int | None, epoch: str | None) -> dict[str, object]:
        screen = Screen()
        subscription = subscribe(log.hub, screen, topic, after, epoch)

        async def came() -> bool:
            return bool(screen.frames)

        await eventually(came)
        subscription.stop()
        return screen.frames[0]

    assert (await answer(0, None))["recovered"] is True
    assert (await answer(2, place.epoch))["recovered"] is True
    assert (await answer(2, "another"))["recovered"] is False
    assert (await answer(4, place.epoch))["recovered"] is False
    await prune(log.database, now())
    assert (await answer(2, place.epoch))["recovered"] is False
    assert (await answer(3, place.epoch))["recovered"] is True
    async with log.database.writes.begin() as connection:
        await connection.execute(
            sa.update(TOPICS).where(TOPICS.c.topic == topic.encode()).values(seq=TOPICS.c.seq + 1001)
        )
    assert (await answer(3, place.epoch))["recovered"] is False


async def test_pruning_commits_the_floor_and_keeps_the_count(log: Log) -> None:
    """A reader that was pruned is told so; the topic goes on counting."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 5)
    assert await prune(log.database, now()) == 5
    assert (await head(log, topic)).floor == 5
    await write(log, topic)
    assert [row.seq for row in await log.events(topic)] == [6]


async def test_a_new_epoch_overtakes_open_subscriptions(log: Log) -> None:
    """Told unasked, with recovered false, and live again from the new head."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 3)
    screen = Screen()
    subscribe(log.hub, screen, topic)

    async def frames() -> bool:
        return len(screen.frames) == 1

    await eventually(frames)
    async with log.database.writes.begin() as connection:
        await connection.execute(
            sa.update(TOPICS).where(TOPICS.c.topic == topic.encode()).values(epoch=b"again")
        )
    log.hub.compare_soon()

    async def told() -> bool:
        return screen.frames[-1] == {
            "op": "subscribed",
            "topic": topic,
            "seq": 3,
            "epoch": "again",
            "recovered": False,
        }

    await eventually(told)
    await write(log, topic)
    await eventually(sees(screen, [4]))


async def test_revoked_before_the_event_is_sent(log: Log) -> None:
    """The one whose access ends gets no event any more, live or replayed; the others get it."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    leaver, stayer = Screen(), Screen()
    subscribe(log.hub, leaver, topic)
    subscribe(log.hub, stayer, topic)

    async def both() -> bool:
        return leaver.ops() == stayer.ops() == ["subscribed"]

    await eventually(both)

    async def remove(tx: Tx) -> None:
        gone = leaver.account_id
        tx.append(topic, "member.removed", resource_id=gone, actor_id=None, data=b"{}", revokes=[gone])
        await note(tx, topic, "secret")

    await log.writer.write([topic], remove)
    await eventually(sees(stayer, [1, 2]))
    assert leaver.frames[1:] == [{"op": "unsubscribed", "topic": topic, "reason": "removed"}]
    assert leaver.over

    async def delete(tx: Tx) -> None:
        tx.append(topic, "list.deleted", resource_id=new_id(), actor_id=None, data=b"{}", revokes="all")

    await log.writer.write([topic], delete)

    async def over() -> bool:
        return stayer.over

    await eventually(over)
    assert stayer.frames[-1] == {"op": "unsubscribed", "topic": topic, "reason": "deleted"}
    assert topic not in log.hub.topics


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


async def test_a_replay_that_the_database_interrupts_doubles_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where it was, once the database is back."""
    topic = f"list:{new_id()}"
    await create(log, topic)

    async def many(tx: Tx) -> None:
        for _ in range(500):
            tx.append(topic, "note.put", resource_id=new_id(), actor_id=None, data=b"{}")

    await log.writer.write([topic], many)
    reads = 0
    real = log.hub.database.read

    def fails_once() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        if reads == 2:  # the check of access with what fits; then this
            raise Unavailable
        return real()

    monkeypatch.setattr(log.hub.database, "read", fails_once)
    monkeypatch.setattr(reader, "ROWS", 200)
    screen = Screen()
    subscribe(log.hub, screen, topic, 0)
    await eventually(sees(screen, list(range(1, 501))))
    assert reads > 2


async def test_somebody_back_on_a_list_sees_its_past(log: Log) -> None:
    """Access is what it is at the head: an earlier removal in what is replayed ends nothing."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    screen = Screen()

    async def removed_and_back(tx: Tx) -> None:
        tx.append(
            topic,
            "member.removed",
            resource_id=new_id(),
            actor_id=None,
            data=b"{}",
            revokes=[screen.account_id],
        )
        await note(tx, topic, "back")

    await log.writer.write([topic], removed_and_back)
    subscribe(log.hub, screen, topic, 0)
    await eventually(sees(screen, [1, 2]))


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


def event(
    seq: int, size: int = 0, *, topic: str = "list:x", epoch: str = "e", revokes: Revokes = None
) -> Event:
    data = b'{"text":"%s"}' % (b"x" * size)
    return Event(topic, epoch, seq, "note.put", new_id(), None, now(), data, revokes)


def test_a_run_is_written_at_once_and_bounded() -> None:
    """Nothing is lost or turned round between runs, and a large event goes alone."""
    events = [event(seq, size) for seq, size in enumerate([10, 40_000, 40_000, 90_000, 10, 10], 1)]
    found = list(runs(events))
    assert [[each.seq for each in run.events] for run in found] == [[1, 2], [3], [4], [5, 6]]
    assert [(run.first, run.last) for run in found] == [(1, 2), (3, 3), (4, 4), (5, 6)]
    assert b"".join(run.frames for run in found) == b"".join(each.frame for each in events)
    assert list(runs([])) == []


async def test_a_run_stops_where_access_ends(log: Log) -> None:
    """What follows the revocation in the same write is not written."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    screen = Screen()
    subscription = subscribe(log.hub, screen, topic)

    async def began() -> bool:
        return screen.ops() == ["subscribed"]

    await eventually(began)
    subscription.offer(Run([event(1), event(2, revokes=[screen.account_id]), event(3)]))
    assert screen.seqs() == [1]
    assert screen.frames[-1] == {"op": "unsubscribed", "topic": topic, "reason": "removed"}


def test_an_event_that_was_emptied_looks_like_its_deletion() -> None:
    """Nothing of the content is left, and the shape is the deletion's."""
    resource = new_id()
    event = Event("list:x", "e", 7, "task.created", resource, None, now(), b"")
    assert json.loads(event.resource) == {"id": str(resource), "version": 7}


async def test_those_who_come_back_at_once_share_their_reads(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty sockets on five topics, each with something missed: a few reads, and everyone gets all of it."""
    topics = [f"list:{new_id()}" for _ in range(5)]
    for topic in topics:
        await create(log, topic)
        await write(log, topic, 3)
    epochs = {topic: (await head(log, topic)).epoch for topic in topics}
    reads = 0
    real = log.hub.database.read

    def counted() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        return real()

    monkeypatch.setattr(log.hub.database, "read", counted)
    screens = [Screen() for _ in range(50)]
    for number, screen in enumerate(screens):
        topic = topics[number % 5]
        subscribe(log.hub, screen, topic, number % 3, epochs[topic])

    async def complete() -> bool:
        return all(screen.seqs() == list(range(number % 3 + 1, 4)) for number, screen in enumerate(screens))

    await eventually(complete)
    assert reads <= len(topics)


async def test_in_a_rush_those_who_come_one_after_the_other_share_a_read(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as much has been read already, who asks waits for others."""
    monkeypatch.setattr(looks, "PERIOD", 3600.0)
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 2)

    async def began(screen: Screen) -> bool:
        return screen.ops()[:1] == ["subscribed"]

    for _ in range(looks.READS):
        first = Screen()
        subscribe(log.hub, first, topic)
        await eventually(partial(began, first))
    reads = 0
    real = log.hub.database.read

    def counted() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        return real()

    monkeypatch.setattr(log.hub.database, "read", counted)
    screens = [Screen() for _ in range(20)]
    for screen in screens:
        subscribe(log.hub, screen, topic, 0)
        await asyncio.sleep(0)
    for screen in screens:
        await eventually(sees(screen, [1, 2]))
    assert reads == 1


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


async def test_one_who_may_not_follow_shares_the_read_and_learns_nothing(log: Log) -> None:
    """Among those who ask in the same moment, each is answered for who they are."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 2)
    friend, stranger = Screen(), Screen()
    log.access.strangers.add(stranger.account_id)
    subscribe(log.hub, friend, topic, 0)
    subscribe(log.hub, stranger, topic, 0)

    async def answered() -> bool:
        return friend.seqs() == [1, 2] and stranger.over

    await eventually(answered)
    assert stranger.ops() == ["error"]


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
