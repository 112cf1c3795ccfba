"""Every list has its room, by itself: what happens to lists in todo, seen in chat."""

import asyncio
import random
import time

import pytest

from tests.chat.following import LISTS, agree, execute, has_room, new_list, room_of, share
from tests.chat.support import ROOMS, Json, events, items, problem, said, say, unread
from tests.support import Person, PersonFactory, Stack, eventually


def lines(messages: list[Json]) -> list[tuple[str, str | None, str | None, str | None]]:
    """The activity lines among messages: what, about whom, which title, which role."""
    found = [message["activity"] for message in messages if message["kind"] == "activity"]
    return [(each["kind"], each["account_id"], each["title"], each["role"]) for each in found]


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


async def change_lists(chance: random.Random, alice: Person, bob: Person, steps: int) -> list[str]:
    """Things that happen to lists; returns the lists, deleted ones too."""
    made: list[str] = []
    for number in range(steps):
        what = chance.random()
        if what < 0.35 or not made:
            made.append(await new_list(alice, f"List {number}"))
        elif what < 0.6:
            await alice.patch(f"{LISTS}/{chance.choice(made)}", json={"title": f"Title {number}"})
        elif what < 0.8:
            role = {"role": chance.choice(["viewer", "editor", "owner"])}
            await alice.put(f"{LISTS}/{chance.choice(made)}/members/{bob.id}", json=role)
        elif what < 0.95:
            await alice.delete(f"{LISTS}/{chance.choice(made)}/members/{bob.id}")
        else:
            await alice.delete(f"{LISTS}/{chance.choice(made)}")
    return made


async def ids_of_lists(person: Person) -> list[str]:
    """The ids of a person's lists."""
    return [each["id"] for each in await items(person, LISTS)]


def expected_lines(stack: Stack, list_id: str) -> list[str]:
    """The activity lines that a list's room has to have: one for each event of todo's log, in its order."""
    query = "SELECT kind, resource_id FROM events WHERE topic = 'lists' AND data LIKE %s ORDER BY seq"
    found: list[str] = []
    there: set[bytes] = set()
    for row in execute(stack, "todo", query, f"%{list_id}%"):
        match row["kind"].decode():
            case "list.updated":
                found.append("list.renamed")
            case "member.put":
                found.append("member.changed" if row["resource_id"] in there else "member.added")
                there.add(row["resource_id"])
            case kind:
                found.append(kind)
                there.discard(row["resource_id"])
    return found


@pytest.mark.slow
async def test_killed_at_any_moment_every_event_takes_effect_once(
    person: PersonFactory, stack: Stack
) -> None:
    """The activity lines are the witness: one for each event of todo's log, in its order."""
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    chance = random.Random(7)
    await has_room(
        bob, await new_list(bob, "First")
    )  # following begins with a snapshot, which posts no lines
    await has_room(alice, await new_list(alice, "Before"))
    changes = asyncio.create_task(change_lists(chance, alice, bob, 60))
    chat = stack.service("chat")
    for _ in range(4):
        await asyncio.sleep(chance.uniform(0.05, 0.6))  # the moment of the crash is what is random here
        chat.kill()
        chat.start(wait=False)
    await changes
    await asyncio.to_thread(chat.wait_ready)
    await agree(alice, bob, timeout=30)
    for list_id in await ids_of_lists(alice):
        assert [kind for kind, *_ in lines(await said(alice, room_of(list_id)))] == expected_lines(
            stack, list_id
        )
        log = await events(alice, room_of(list_id))
        assert [event["seq"] for event in log] == list(range(1, len(log) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["pruned", "another life"])
async def test_a_snapshot_leads_to_the_same_state(person: PersonFactory, stack: Stack, cut: str) -> None:
    """Chat was away for too long, or todo's log has begun another life: the state is taken over as it is."""
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    chance = random.Random(11)
    await change_lists(chance, alice, bob, 20)
    kept = await new_list(alice, "Kept", viewer=bob)
    await agree(alice, bob)
    message = await say(alice, room_of(kept), "Still here")
    before = await events(alice, room_of(kept))
    chat = stack.service("chat")
    chat.kill()
    await change_lists(chance, alice, bob, 20)
    for list_id in (await ids_of_lists(alice))[::3]:
        if list_id != kept:
            await alice.delete(f"{LISTS}/{list_id}")
    if cut == "pruned":
        execute(stack, "todo", "UPDATE topics SET floor = seq WHERE topic = 'lists'")
        execute(stack, "todo", "DELETE FROM events WHERE topic = 'lists'")
    else:
        execute(stack, "todo", "UPDATE topics SET epoch = 'feedfacefeedface' WHERE topic = 'lists'")
    chat.start(wait=False)
    await asyncio.to_thread(chat.wait_ready)
    await agree(alice, bob, timeout=30)
    assert await events(alice, room_of(kept)) == before  # what did not differ was not touched
    assert message in await said(alice, room_of(kept))
    after = await new_list(alice, "Afterwards", viewer=bob)
    assert (await has_room(bob, after))["title"] == "Afterwards"
    assert [kind for kind, *_ in lines(await said(bob, room_of(after)))] == expected_lines(stack, after)


async def test_a_replica_follows_without_doing_anything_twice(person: PersonFactory, stack: Stack) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    replica = stack.replica("chat")
    try:
        await change_lists(random.Random(3), alice, bob, 30)
        await agree(alice, bob)
        for list_id in await ids_of_lists(alice):
            found = [kind for kind, *_ in lines(await said(alice, room_of(list_id)))]
            assert found == expected_lines(stack, list_id)
    finally:
        replica.kill()


async def test_chat_waits_for_todo(person: PersonFactory, stack: Stack) -> None:
    """While todo is away chat answers as before, and catches up when it is back."""
    alice = await person("Alice")
    list_id = await new_list(alice)
    await has_room(alice, list_id)
    stack.service("todo").kill()
    try:
        assert (await say(alice, room_of(list_id)))["number"] == 1
    finally:
        stack.service("todo").start()
    another = await new_list(alice, "Another")

    async def there() -> bool:
        return (await alice.get(f"{ROOMS}/{room_of(another)}")).status_code == 200

    await eventually(there, timeout=10)
