"""A snapshot taken over at any moment, and followed on, leads to the same rooms as following throughout;
so does what comes together."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from uuid import UUID

import pytest

from chat.topics import list_room_id
from common.ids import new_id
from tests.chat.replaying import Chat, Lists, opened


@pytest.fixture
async def chats(new_database: Callable[[], str]) -> AsyncIterator[list[Chat]]:
    """Two of them, empty."""
    async with opened(new_database()) as one, opened(new_database()) as other:
        yield [one, other]


async def test_a_snapshot_at_any_moment(chats: list[Chat]) -> None:
    """The head is noted first, so a snapshot may hold more: that is told again, and changes nothing."""
    chance = random.Random(5)
    follower, latecomer = chats
    for _ in range(6):
        lists = Lists(chance)
        for _ in range(chance.randrange(1, 15)):
            lists.step()
        known = chance.randrange(len(lists.events))
        for event in lists.events[:known]:
            await latecomer.apply(event)
        head = len(lists.events)
        for _ in range(chance.randrange(8)):  # happens while the snapshot is on its way
            lists.step()
        await latecomer.take_over(lists.snapshot())
        assert await latecomer.rooms() == lists.rooms()
        for _ in range(chance.randrange(8)):
            lists.step()
        for event in lists.events[head:]:
            await latecomer.apply(event)
        for event in lists.events:
            await follower.apply(event)
        assert await latecomer.rooms() == lists.rooms()
        for event in lists.events:  # should it all be told again, it ends the same
            await follower.apply(event)
        followed = await follower.rooms()
        assert {room: followed[room] for room in followed if room in lists.rooms()} == lists.rooms()


async def test_what_comes_together_is_done_as_if_one_after_the_other(chats: list[Chat]) -> None:
    """However the events fall into moments: the same rooms, and the same events of rooms and people."""
    chance = random.Random(8)
    steady, hurried = chats
    for _ in range(6):
        lists = Lists(chance)
        for _ in range(40):
            lists.step()
        left = list(lists.events)
        while left:
            many, said = chance.randrange(1, 25), chance.randrange(3)
            for event in left[:many]:
                await steady.apply(event)
            await hurried.apply(*left[:many])
            del left[:many]
            for chat in chats:
                await chat.talk(said)  # whoever comes after that has nothing of it unread
        assert await hurried.told(lists) == await steady.told(lists)
        assert await hurried.tables() == await steady.tables()
        found = await hurried.rooms()
        assert {room: found[room] for room in found if room in lists.rooms()} == lists.rooms()


async def test_many_lists_take_no_more_statements_than_one(chats: list[Chat]) -> None:
    """Somebody whose access ends does not wait for the statements of everything that came before."""
    (chat, _) = chats
    statements = chat.count_statements()
    lists = Lists(random.Random(3))
    made = [new_id() for _ in range(11)]
    steps: list[Callable[[UUID], None]] = [
        lists.create,
        lambda list_id: lists.put(list_id, lists.people[1], "editor"),
        lambda list_id: lists.put(list_id, lists.people[1], "viewer"),
        lambda list_id: lists.rename(list_id, "B"),
        lambda list_id: lists.remove(list_id, lists.people[1]),
        lists.delete,
    ]
    for step in steps:
        taken = []
        for some in (made[:1], made[1:]):
            before = len(lists.events)
            for list_id in some:
                step(list_id)
            statements.clear()
            await chat.apply(*lists.events[before:])
            taken.append(len(statements))
        assert taken[1] <= taken[0], statements


async def test_what_a_snapshot_held_is_not_done_again(chats: list[Chat]) -> None:
    """Neither a title nor a role of before comes back for a moment, and nothing is told in the room."""
    lists = Lists(random.Random(2))
    lists.step()
    (list_id,) = lists.now
    (chat, _) = chats
    for event in lists.events:
        await chat.apply(event)
    head = len(lists.events)
    for title in "BC":
        lists.rename(list_id, title)
    for role in ("viewer", "editor"):
        lists.put(list_id, lists.people[1], role)
    await chat.take_over(lists.snapshot())
    log = await chat.log_of(list_room_id(list_id))
    assert log[-2:] == ["room.updated", "member.put"]
    for event in lists.events[head:]:
        await chat.apply(event)
    assert await chat.log_of(list_room_id(list_id)) == log
    assert await chat.rooms() == lists.rooms()


async def test_what_was_emptied_is_passed_over(chats: list[Chat]) -> None:
    """An event about something deleted since has no data left, and must not hold up the others."""
    lists = Lists(random.Random(4))
    lists.step()
    (chat, _) = chats
    for event in lists.events:
        gone = {"id": str(event.resource_id), "version": event.seq}
        await chat.apply(replace(event, data=gone))
    assert await chat.rooms() == {}


async def test_a_list_that_comes_back_has_its_room_again(chats: list[Chat]) -> None:
    """todo was restored from a backup: the list is there again, and so is its room."""
    lists = Lists(random.Random(1))
    lists.step()
    (chat, _) = chats
    for event in lists.events:
        await chat.apply(event)
    there = lists.snapshot()
    await chat.take_over([])
    assert await chat.rooms() == {}
    await chat.take_over(there)
    assert await chat.rooms() == lists.rooms()
    await chat.take_over(there)
    assert await chat.rooms() == lists.rooms()
