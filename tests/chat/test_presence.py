"""Who is here and who is writing: told as changes to those who look, and to nobody else."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.chat.support import ROOMS, Json, chosen_id, new_group, say
from tests.support import Live, Person, PersonFactory, Stack, eventually
from tests.support.live import open_live
from tools.stack import Redis, Service

QUICK = {
    "TODOLIST_PRESENCE_TTL": "2",
    "TODOLIST_PRESENCE_REFRESH": "0.5",
    "TODOLIST_PRESENCE_POLL": "0.5",
    "TODOLIST_PRESENCE_BATCH": "0.1",
}


@pytest.fixture(scope="module")
def replicas(stack: Stack) -> Iterator[list[Service]]:
    """Two more processes of chat, whose presence expires quickly."""
    processes = [stack.replica("chat", **QUICK) for _ in range(2)]
    yield processes
    for process in processes:
        process.kill()


def address(process: Service) -> str:
    return f"http://127.0.0.1:{process.port}/api/chat/live"


async def look(live: Live, topic: str) -> None:
    """Put a room on screen."""
    await live.subscribe(topic)
    await live.send({"op": "focus", "topic": topic})
    await live.frame(op="signal", topic=topic, kind="presence", where=lambda frame: "online" in frame["data"])


def signals(live: Live, topic: str) -> list[Json]:
    """What a socket was told of who is in a room."""
    return [
        frame["data"]
        for frame in live.frames
        if frame["op"] == "signal" and frame["kind"] == "presence" and frame["topic"] == topic
    ]


def online(live: Live, topic: str) -> set[str]:
    """Who is there, as a client knows it from all it was told."""
    people: set[str] = set()
    for data in signals(live, topic):
        people = (
            set(data["online"]) if "online" in data else (people | set(data["joined"])) - set(data["left"])
        )
    return people


async def sees(live: Live, topic: str, *people: Person, timeout: float = 10) -> None:
    """Wait until these people are there, and nobody else."""
    expected = {someone.id for someone in people}

    async def there() -> bool:
        now = online(live, topic)
        assert now == expected
        return True

    await eventually(there, timeout)


async def test_people_come_and_go(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    topic = f"room:{await new_group(alice, viewer=bob)}"
    async with alice.live("chat") as live:
        await look(live, topic)
        await sees(live, topic, alice)
        async with bob.live("chat") as phone:
            await phone.subscribe(topic)
            async with bob.live("chat") as laptop:
                await laptop.subscribe(topic)
                await sees(live, topic, alice, bob)
            told = len(signals(live, topic))
            async with alice.live("chat") as witness:  # one device less, but still there
                await look(witness, topic)
                await sees(witness, topic, alice, bob)
            assert len(signals(live, topic)) == told
        await sees(live, topic, alice)
        async with bob.live("chat") as again:
            await again.subscribe(topic)
            await sees(live, topic, alice, bob)
            await again.send({"op": "unsubscribe", "topic": topic})
            await sees(live, topic, alice)
        assert signals(phone, topic) == []  # it did not look
        assert [list(data) for data in signals(live, topic)][1:] == [["joined", "left"]] * 4


async def test_whoever_looks_away_is_told_no_more(person: PersonFactory) -> None:
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    rooms = await asyncio.gather(new_group(alice, viewer=bob), new_group(alice, viewer=carol))
    room, other = (f"room:{each}" for each in rooms)
    async with alice.live("chat") as live, alice.live("chat") as witness:
        await look(live, room)
        await look(witness, room)
        await look(live, other)
        async with bob.live("chat") as his, carol.live("chat") as hers:
            await his.subscribe(room)
            await sees(witness, room, alice, bob)
            await hers.subscribe(other)
            await sees(live, other, alice, carol)
            await live.send({"op": "focus", "topic": None})
        await sees(witness, room, alice)
        assert signals(live, room) == [{"online": [alice.id]}]
        assert signals(live, other)[-1]["left"] == []


async def test_across_processes_and_past_a_crash(person: PersonFactory, replicas: list[Service]) -> None:
    """The people of a process that dies leave by themselves."""
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    topic = f"room:{await new_group(alice, viewer=bob)}"
    first, second = replicas
    async with open_live(address(first), alice.token) as live:
        await look(live, topic)
        async with open_live(address(second), bob.token) as doomed:
            await doomed.subscribe(topic)
            await sees(live, topic, alice, bob)
            second.kill()
            await doomed.ended()
        await sees(live, topic, alice)
        assert not any(alice.id in data.get("left", []) for data in signals(live, topic))
    second.start()


async def test_without_redis_there_is_no_presence_and_no_error(
    person: PersonFactory, stack: Stack, new_redis: Callable[[], Redis]
) -> None:
    redis = new_redis()
    process = stack.replica("chat", TODOLIST_REDIS_URL=redis.url, **QUICK)
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    topic = f"room:{await new_group(alice, viewer=bob)}"
    try:
        redis.kill()
        async with (
            open_live(address(process), alice.token) as live,
            open_live(address(process), bob.token) as his,
        ):
            for each in (live, his):
                assert (await each.subscribe(topic))["op"] == "subscribed"
            await live.send({"op": "focus", "topic": topic})
            await live.send({"op": "typing", "topic": topic})
            await live.send({"op": "ping"})
            await live.frame(op="pong")
            assert all(frame["op"] in ("ready", "subscribed", "pong") for frame in live.frames)
            redis.start()
            await sees(live, topic, alice, bob, timeout=20)
    finally:
        process.kill()


async def test_typing_is_heard_by_the_others_but_not_at_every_key(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    topic = f"room:{room}"
    async with alice.live("chat") as live, bob.live("chat") as his:
        await live.subscribe(topic)
        await his.subscribe(topic)
        for _ in range(20):
            await his.send({"op": "typing", "topic": topic})
        signal = await live.frame(op="signal", topic=topic, kind="typing")
        assert signal["data"] == {"account_id": bob.id}
        await his.send({"op": "ping"})
        await his.frame(op="pong")
        await say(bob, room)
        await live.frame(op="event", kind="message.created")
        assert len([frame for frame in live.frames if frame.get("kind") == "typing"]) == 1


async def test_a_stranger_neither_types_nor_looks(person: PersonFactory) -> None:
    alice, mallory = await asyncio.gather(person("Alice"), person("Mallory"))
    topic = f"room:{await new_group(alice)}"

    async def refused(live: Live, op: str, topic: str) -> None:
        await live.send({"op": op, "topic": topic})
        error = await live.frame(op="error", ref_op=op)
        assert (error["topic"], error["code"]) == (topic, "not-found")

    async with alice.live("chat") as live, mallory.live("chat") as theirs:
        await live.subscribe(topic)
        for op in ("focus", "typing"):
            await refused(theirs, op, topic)
            await refused(theirs, op, f"room:{chosen_id()}")
            await refused(theirs, op, f"user:{mallory.id}")
        # A subscription that was only asked for gives no right either.
        for _ in range(30):  # so that some are heard while the subscription is still being checked
            await theirs.send({"op": "subscribe", "topic": topic})
            await theirs.send({"op": "typing", "topic": topic})
            await theirs.send({"op": "focus", "topic": topic})
        assert (await theirs.frame(op="error", ref_op="subscribe"))["code"] == "not-found"
        await theirs.send({"op": "ping"})
        await theirs.frame(op="pong")
        await say(alice, topic.removeprefix("room:"))
        await live.frame(op="event", kind="message.created")
        assert [frame for frame in [*live.frames, *theirs.frames] if frame["op"] == "signal"] == []


async def test_presence_never_asks_for_more_than_a_member_may_know(person: PersonFactory) -> None:
    """Taken out while looking: nothing more is told."""
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    topic = f"room:{room}"
    async with bob.live("chat") as his, alice.live("chat") as live, alice.live("chat") as witness:
        await look(his, topic)
        await look(witness, topic)
        await alice.delete(f"{ROOMS}/{room}/members/{bob.id}")
        await his.frame(op="unsubscribed", topic=topic)
        await sees(witness, topic, alice)
        seen = len(his.frames)
        await live.subscribe(topic)
        await his.send({"op": "ping"})
        await his.frame(op="pong")
        assert [frame["op"] for frame in his.frames[seen:]] == ["pong"]


async def test_someone_who_subscribes_again_is_still_there(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    topic = f"room:{await new_group(alice, viewer=bob)}"
    async with bob.live("chat") as his, alice.live("chat") as live:
        await look(his, topic)
        for _ in range(5):
            await his.subscribe(topic)
        await look(live, topic)
        await sees(live, topic, alice, bob)
        await sees(his, topic, alice, bob)  # what it looked at before it still looks at
