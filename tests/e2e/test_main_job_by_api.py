"""The main job once more, by HTTP and WebSocket alone: what a developer who builds on the API gets."""

import asyncio
from typing import Any

from common.ids import new_id
from tests.support import Live, Person, PersonFactory, eventually


async def answer(request: Any, status: int) -> Any:
    """The body of an answer with this status."""
    response = await request
    assert response.status_code == status, response.text
    return response.json() if response.content else None


async def room_of(person: Person, list_id: str) -> dict[str, Any]:
    """The room of a list, once chat has made it and let the person in."""

    async def found() -> dict[str, Any] | None:
        page = await answer(person.get(f"/api/chat/rooms?list_id={list_id}"), 200)
        return page["items"][0] if page["items"] else None

    room = await eventually(found)
    assert room is not None
    return room


def numbered(live: Live, topic: str) -> list[int]:
    """The numbers of a topic's events, in the order they came."""
    return [event["seq"] for event in live.events(topic)]


async def test_two_people_share_a_list_and_talk_about_it(person: PersonFactory) -> None:
    """Share, see it appear, add, tick, talk, be away, come back to all of it once, be removed."""
    ann, ben = await person("Ann"), await person("Ben")
    async with ben.live("todo") as tasks, ben.live("chat") as chat:
        await tasks.subscribe(f"user:{ben.id}")
        await chat.subscribe(f"user:{ben.id}")

        made = await answer(ann.post("/api/todo/lists", json={"id": str(new_id()), "title": "Picnic"}), 201)
        base = f"/api/todo/lists/{made['id']}"
        found = await answer(ann.get("/api/auth/accounts", params={"email": ben.email}), 200)
        member = f"{base}/members/{found['items'][0]['id']}"
        await answer(ann.put(member, json={"role": "editor"}), 201)
        added = await tasks.frame(op="event", kind="list.added")
        assert added["data"]["title"] == "Picnic"
        await chat.frame(op="event", kind="room.added")
        room = await room_of(ben, made["id"])
        list_topic, room_topic = f"list:{made['id']}", f"room:{room['id']}"
        await tasks.subscribe(list_topic)
        await chat.subscribe(room_topic)

        async with ann.live("todo") as screen:
            await screen.subscribe(list_topic)
            task = await answer(ben.post(f"{base}/tasks", json={"title": "Buy bread"}), 201)
            await screen.frame(op="event", kind="task.created", topic=list_topic)
        await answer(ann.patch(f"{base}/tasks/{task['id']}", json={"done": True}), 200)
        ticked = await tasks.frame(op="event", kind="task.updated", topic=list_topic)
        assert ticked["data"]["done"] is True

        said = f"/api/chat/rooms/{room['id']}/messages"
        await answer(ann.post(said, json={"body": "Thank you! 野餐見"}), 201)
        heard = await chat.frame(op="event", kind="message.created", where=lambda f: f["data"]["body"] != "")
        assert heard["data"]["body"] == "Thank you! 野餐見"
        seen = {
            topic: (numbered(live, topic)[-1]) for live, topic in ((tasks, list_topic), (chat, room_topic))
        }
        epochs = {
            list_topic: (await answer(ben.get(f"{base}/tasks"), 200))["epoch"],
            room_topic: (await answer(ben.get(said), 200))["epoch"],
        }

    bodies = [f"message {number}" for number in range(1, 6)]
    titles = [f"task {number}" for number in range(1, 4)]
    for body in bodies:
        await answer(ann.post(said, json={"body": body}), 201)
    for title in titles:
        await answer(ann.post(f"{base}/tasks", json={"title": title}), 201)

    async with ben.live("todo") as tasks, ben.live("chat") as chat:
        for live, topic in ((tasks, list_topic), (chat, room_topic)):
            subscribed = await live.subscribe(topic, after=seen[topic], epoch=epochs[topic])
            assert subscribed["recovered"] is True
        await tasks.frame(op="event", where=lambda frame: frame["data"].get("title") == titles[-1])
        await chat.frame(op="event", where=lambda frame: frame["data"].get("body") == bodies[-1])
        assert [event["data"]["title"] for event in tasks.events(list_topic)] == titles
        assert [event["data"]["body"] for event in chat.events(room_topic)] == bodies
        for live, topic in ((tasks, list_topic), (chat, room_topic)):
            first = seen[topic] + 1
            assert numbered(live, topic) == list(range(first, first + len(live.events(topic))))

        await answer(ann.delete(member), 204)
        async with asyncio.timeout(2):  # promised within a second
            assert (await tasks.frame(op="unsubscribed", topic=list_topic))["reason"] == "removed"
            assert (await chat.frame(op="unsubscribed", topic=room_topic))["reason"] == "removed"
        await answer(ben.get(base), 404)
        await answer(ben.get(said), 404)
