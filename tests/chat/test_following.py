"""Chat follows todo's log: whatever is killed, away or cut off, each event takes effect once."""

import asyncio
import random

import pytest

from tests.chat.following import LISTS, agree, execute, has_room, lines, new_list, room_of
from tests.chat.support import ROOMS, events, items, said, say
from tests.support import Person, PersonFactory, Stack, eventually


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
