"""The live protocol on a real socket of a real service: every frame of the design."""

from typing import Any

import pytest

from common.ids import new_id
from common.socket import TOPICS
from tests.common.lists import add_task, new_list
from tests.support import Person, PersonFactory

pytestmark = pytest.mark.system


async def test_ready_ping_and_a_live_event(alice: Person) -> None:
    """What a client meets on a good day, to the letter."""
    topic = f"list:{await new_list(alice)}"
    async with alice.live("todo") as live:
        ready = live.frames[0]
        assert ready.keys() == {"op", "account_id", "expires_at"}
        assert ready["account_id"] == alice.id
        await live.send({"op": "ping"})
        assert await live.frame(op="pong") == {"op": "pong"}
        subscribed = await live.subscribe(topic)
        assert subscribed.keys() == {"op", "topic", "seq", "epoch", "recovered"}
        task = await add_task(alice, topic.removeprefix("list:"))
        event = await live.frame(op="event")
        assert event.keys() == {"op", "topic", "seq", "kind", "at", "actor_id", "data"}
        assert (event["seq"], event["kind"], event["actor_id"]) == (2, "task.created", alice.id)
        assert event["data"] == task


async def test_resume_gives_what_was_missed_once_in_order(alice: Person) -> None:
    """`after` with its epoch, as a client that was away sends it."""
    list_id = await new_list(alice)
    topic = f"list:{list_id}"
    async with alice.live("todo") as live:
        first = await live.subscribe(topic, after=0)
    for number in range(30):
        await add_task(alice, list_id, str(number))
    async with alice.live("todo") as live:
        again = await live.subscribe(topic, after=first["seq"], epoch=first["epoch"])
        assert again | {"recovered": True, "seq": 31} == again
        await live.frame(op="event", seq=31)
        assert [event["seq"] for event in live.events(topic)] == list(range(2, 32))


async def test_one_own_user_topic_even_before_anything_happened(alice: Person, person: PersonFactory) -> None:
    """`user:` is there from the start, and nobody else's is."""
    bob = await person("Bob")
    async with alice.live("todo") as live:
        assert (await live.subscribe(f"user:{alice.id}"))["seq"] == 0
        assert (await live.subscribe(f"user:{bob.id}"))["code"] == "not-found"
        list_id = await new_list(alice)
        event = await live.frame(op="event", topic=f"user:{alice.id}")
        assert (event["kind"], event["data"]["id"]) == ("list.added", list_id)


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "subscribe"},
        {"op": "subscribe", "topic": "list:x y"},
        {"op": "subscribe", "topic": f"list:{new_id()}", "after": 3},
        {"op": "subscribe", "topic": f"list:{new_id()}", "after": -1, "epoch": "e"},
        {"op": "subscribe", "topic": f"list:{new_id()}", "more": 1},
        {"op": "shout"},
        {"op": "typing", "topic": f"room:{new_id()}"},
        {"op": "focus", "topic": None},
        ["op"],
    ],
)
async def test_a_refused_frame_leaves_the_socket_open(alice: Person, frame: Any) -> None:
    """invalid-frame, and the next frame is answered."""
    async with alice.live("todo") as live:
        await live.send(frame)
        assert (await live.frame(op="error"))["code"] == "invalid-frame"
        await live.send({"op": "ping"})
        await live.frame(op="pong")


@pytest.mark.parametrize("topic", ["list", "room", "nothing"])
async def test_what_is_not_there_or_not_yours_is_not_found(
    alice: Person, person: PersonFactory, topic: str
) -> None:
    """The same answer for both; a service-wide topic is nobody's."""
    bob = await person("Bob")
    private = f"list:{await new_list(bob)}"
    async with alice.live("todo") as live:
        for name in (private, f"{topic}:{new_id()}", "lists"):
            error = await live.subscribe(name)
            assert (error["op"], error["code"], error["ref_op"]) == ("error", "not-found", "subscribe")


async def test_too_many_topics(alice: Person) -> None:
    """500 are kept, the 501st is refused; one given back makes room."""
    first, *more = [await new_list(alice) for _ in range(TOPICS + 1)]
    async with alice.live("todo") as live:
        assert (await live.subscribe(f"list:{first}"))["op"] == "subscribed"
        for list_id in more:
            await live.send({"op": "subscribe", "topic": f"list:{list_id}"})
        refused = await live.frame(op="error", timeout=20)
        assert (refused["code"], refused["topic"]) == ("too-many-topics", f"list:{more[-1]}")
        await live.send({"op": "unsubscribe", "topic": f"list:{first}"})
        assert (await live.subscribe(f"list:{more[-1]}"))["op"] == "subscribed"


async def test_unsubscribed_topics_are_silent(alice: Person) -> None:
    """Nothing of it follows."""
    list_id = await new_list(alice)
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}")
        await live.send({"op": "unsubscribe", "topic": f"list:{list_id}"})
        await live.send({"op": "ping"})
        await live.frame(op="pong")
        await add_task(alice, list_id)
        await live.subscribe(f"list:{list_id}")
        await add_task(alice, list_id)
        await live.frame(op="event", seq=3)
        assert [event["seq"] for event in live.events(f"list:{list_id}")] == [3]


async def test_a_deletion_empties_what_the_log_said(alice: Person) -> None:
    """A late reader gets every number, and nothing of the content."""
    list_id = await new_list(alice)
    task = await add_task(alice, list_id, "secret")
    await alice.delete(f"/api/todo/lists/{list_id}/tasks/{task['id']}")
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}", after=0)
        last = await live.frame(op="event", seq=3)
        assert last["data"] == {"id": task["id"], "version": 3}
        created = live.events(f"list:{list_id}")[1]
        assert created["data"] == {"id": task["id"], "version": 2}
