"""Every list has its room, by itself: what happens to lists in todo, seen in chat."""

import asyncio
import time

from tests.chat.following import LISTS, agree, has_room, lines, new_list, room_of, share
from tests.chat.support import ROOMS, items, problem, said, say, unread
from tests.support import PersonFactory


async def test_a_list_has_its_room(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    async with bob.live("chat") as live:
        await live.subscribe(f"user:{bob.id}")
        list_id = await new_list(alice, "Groceries", viewer=bob)
        added = await live.frame(op="event", kind="room.added")
    room = await has_room(bob, list_id)
    assert added["data"] | {"my_role": "viewer"} == room
    expected = {"id": room_of(list_id), "kind": "list", "list_id": list_id, "title": "Groceries"}
    assert room | expected == room
    found = (await bob.get(ROOMS, params={"list_id": list_id})).json()["items"]
    assert found == [room]
    await agree(alice, bob)
    messages = await said(bob, room["id"])
    assert lines(messages) == [
        ("list.created", None, "Groceries", None),
        ("member.added", alice.id, None, "owner"),
        ("member.added", bob.id, None, "viewer"),
    ]
    assert {(each["number"], each["body"], each["author_id"]) for each in messages} == {(None, "", alice.id)}
    assert (await unread(bob, room["id"]) or {})["unread"] == 0
    said_by_a_viewer = await say(bob, room["id"], "I may talk")
    assert said_by_a_viewer["number"] == 1
    assert (await unread(alice, room["id"]) or {})["unread"] == 1


async def test_the_room_follows_the_list(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    list_id = await new_list(alice, "Groceries", viewer=bob)
    room = room_of(list_id)
    await agree(bob)
    async with bob.live("chat") as live:
        await live.subscribe(f"room:{room}")
        await alice.patch(f"{LISTS}/{list_id}", json={"title": "Shopping"})
        renamed = await live.frame(op="event", kind="room.updated")
        assert renamed["data"]["title"] == "Shopping"
        assert renamed["actor_id"] == alice.id
        await share(alice, list_id, bob, "editor")
        member = await live.frame(op="event", kind="member.put")
        assert (member["data"]["account_id"], member["data"]["role"]) == (bob.id, "editor")
        await alice.patch(f"{LISTS}/{list_id}", json={"color": "#102030"})  # rooms have no colour
        await say(alice, room, "Marker")
        await live.frame(op="event", kind="message.created", where=lambda frame: bool(frame["data"]["body"]))
        kinds = [frame["kind"] for frame in live.events(f"room:{room}")]
        assert kinds.count("room.updated") == 1
    assert lines(await said(bob, room))[-2:] == [
        ("list.renamed", None, "Shopping", None),
        ("member.changed", bob.id, None, "editor"),
    ]
    assert (await bob.get(f"{ROOMS}/{room}")).json()["my_role"] == "editor"


async def test_access_ends_with_the_membership_of_the_list(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    list_id = await new_list(alice, "Groceries", viewer=bob)
    room = room_of(list_id)
    await agree(bob)
    async with bob.live("chat") as live:
        await live.subscribe(f"room:{room}")
        assert (await alice.delete(f"{LISTS}/{list_id}/members/{bob.id}")).status_code == 204
        began = time.monotonic()
        ended = await live.frame(op="unsubscribed", topic=f"room:{room}")
        assert ended["reason"] == "removed"
        assert time.monotonic() - began < 2  # a second by design, on a machine that does other things, too
        await say(alice, room, "Just us now")
        assert (await live.subscribe(f"room:{room}"))["code"] == "not-found"
        assert "Just us now" not in str(live.frames)
    assert problem(await bob.get(f"{ROOMS}/{room}/messages")) == (404, "not-found")
    assert lines(await said(alice, room))[-1] == ("member.removed", bob.id, None, None)


async def test_the_room_goes_with_the_list(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    list_id = await new_list(alice, "Groceries", editor=bob)
    room = room_of(list_id)
    await agree(bob)
    async with bob.live("chat") as live:
        await live.subscribe(f"room:{room}")
        await live.subscribe(f"user:{bob.id}")
        assert (await alice.delete(f"{LISTS}/{list_id}")).status_code == 204
        assert (await live.frame(op="unsubscribed", topic=f"room:{room}"))["reason"] == "deleted"
        await live.frame(op="event", kind="room.removed")
    for someone in (alice, bob):
        assert problem(await someone.get(f"{ROOMS}/{room}")) == (404, "not-found")
        assert await items(someone, ROOMS) == []


async def test_nobody_changes_the_room_of_a_list_by_hand(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    list_id = await new_list(alice)
    path = f"{ROOMS}/{room_of(list_id)}"
    await has_room(alice, list_id)
    refused = [
        await alice.patch(path, json={"title": "Mine"}),
        await alice.delete(path),
        await alice.put(f"{path}/members/{bob.id}", json={"role": "viewer"}),
        await alice.delete(f"{path}/members/{alice.id}"),
    ]
    assert [problem(answer) for answer in refused] == [(403, "follows-list")] * 4
    line = (await said(alice, room_of(list_id)))[0]
    assert problem(await alice.delete(f"{path}/messages/{line['id']}")) == (403, "forbidden")
    assert problem(await alice.patch(f"{path}/messages/{line['id']}", json={"body": "x"})) == (
        403,
        "forbidden",
    )


async def test_a_task_has_its_discussion(person: PersonFactory) -> None:
    alice = await person("Alice")
    list_id = await new_list(alice)
    room = room_of(list_id)
    await has_room(alice, list_id)
    task = (await alice.post(f"{LISTS}/{list_id}/tasks", json={"title": "Milk"})).json()["id"]
    first = await say(alice, room, "How much?", task_id=task)
    second = await say(alice, room, "Two", task_id=task, thread_id=task)
    assert [(each["number"], each["task_id"], each["thread_id"]) for each in (first, second)] == [
        (None, task, task),
        (None, task, task),
    ]
    assert await said(alice, room, thread=task) == [first, second]
    two = {"body": "No", "task_id": task, "thread_id": first["id"]}
    assert problem(await alice.post(f"{ROOMS}/{room}/messages", json=two)) == (422, "invalid")
