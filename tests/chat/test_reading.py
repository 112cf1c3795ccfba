"""Read positions: what is unread for whom, what moves them, and who is told."""

import asyncio

import pytest

from tests.chat.support import ROOMS, new_group, problem, said, say, unread
from tests.support import Person, PersonFactory

pytestmark = pytest.mark.system


async def counts(person: Person, room: str) -> tuple[int, int, int]:
    found = await unread(person, room)
    assert found is not None
    return found["unread"], found["last_number"], found["read_number"]


async def test_what_is_unread(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    assert await counts(bob, room) == (0, 0, 0)
    first = await say(alice, room)
    assert await counts(alice, room) == (0, 1, 1)  # what one says oneself is read
    assert await counts(bob, room) == (1, 1, 0)
    await say(alice, room, thread_id=first["id"])
    assert await counts(bob, room) == (1, 1, 0)  # answers in threads do not count
    await say(alice, room)
    assert await counts(bob, room) == (2, 2, 0)
    await alice.delete(f"{ROOMS}/{room}/messages/{first['id']}")
    assert await counts(bob, room) == (2, 2, 0)  # a deleted one keeps its number
    await alice.put(f"{ROOMS}/{room}/messages/{(await said(alice, room))[-1]['id']}/reactions/👍")
    assert await counts(bob, room) == (2, 2, 0)
    await say(bob, room)
    assert await counts(bob, room) == (0, 3, 3)  # whoever answers has read
    assert await counts(alice, room) == (1, 3, 2)


async def test_who_comes_new_has_nothing_unread(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice)
    for _ in range(3):
        await say(alice, room)
    await alice.put(f"{ROOMS}/{room}/members/{bob.id}", json={"role": "viewer"})
    assert await counts(bob, room) == (0, 3, 3)
    await say(alice, room)
    assert await counts(bob, room) == (1, 4, 3)
    await bob.delete(f"{ROOMS}/{room}/members/{bob.id}")
    assert await unread(bob, room) is None


async def test_the_position_moves_back_only_when_forced(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    for _ in range(5):
        await say(alice, room)
    path = f"{ROOMS}/{room}/read"
    orders = await asyncio.gather(*(bob.put(path, json={"number": n}) for n in (2, 4, 1, 3)))
    assert {answer.status_code for answer in orders} == {204}
    assert await counts(bob, room) == (1, 5, 4)
    assert (await bob.put(path, json={"number": 1, "force": True})).status_code == 204
    assert await counts(bob, room) == (4, 5, 1)
    assert (await bob.put(path, json={"number": 10**9})).status_code == 204
    assert await counts(bob, room) == (0, 5, 5)
    for body in ({}, {"number": -1}, {"number": 2**60}, {"number": "x"}, {"number": 1, "all": True}):
        assert (await bob.put(path, json=body)).status_code == 422
    assert problem(await bob.put(path, json={"number": 1, "all": True})) == (422, "unknown-field")


async def test_ones_other_devices_are_told_and_nobody_else(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    topic = f"room:{room}"
    await say(alice, room)
    async with bob.live("chat") as phone, bob.live("chat") as laptop, alice.live("chat") as other:
        for live in (phone, laptop, other):
            await live.subscribe(topic)
        await bob.put(f"{ROOMS}/{room}/read", json={"number": 1})
        for live in (phone, laptop):
            signal = await live.frame(op="signal", topic=topic, kind="read")
            assert signal["data"] == {"number": 1}
        await bob.put(f"{ROOMS}/{room}/read", json={"number": 1})  # moves nothing, so nobody is told
        await say(alice, room)
        for live in (phone, laptop, other):
            await live.frame(op="event", kind="message.created")
        assert [frame for frame in other.frames if frame["op"] == "signal"] == []
        assert len([frame for frame in phone.frames if frame["op"] == "signal"]) == 1
