"""Messages that are sent in the same moment."""

import asyncio

import pytest

from common.ids import new_id
from tests.chat.support import ROOMS, events, new_group, said, say
from tests.support import PersonFactory

pytestmark = pytest.mark.system


async def test_messages_of_one_moment_are_numbered_without_a_hole(person: PersonFactory) -> None:
    """In the room, in a thread, refused: what one of them is leaves the others alone."""
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    room = await new_group(alice, viewer=bob)
    root = await say(alice, room, "root")
    path = f"{ROOMS}/{room}/messages"
    bodies = [
        {"body": "plain"},
        {"body": "reply", "thread_id": root["id"]},
        {"body": "lost", "thread_id": str(new_id())},
        {"body": "no list", "task_id": str(new_id())},
    ]
    before = len(await events(alice, room))
    asked = [(who, body) for _ in range(4) for who in (alice, bob, carol) for body in bodies]
    answers = await asyncio.gather(*(who.post(path, json=body) for who, body in asked))
    assert [answer.status_code for answer in answers] == [*[201, 201, 422, 422] * 2, *[404] * 4] * 4
    kept = await said(alice, room)
    assert [message["number"] for message in kept if message["number"]] == list(range(1, 10))
    assert [message["number"] for message in kept if message["thread_id"]] == [None] * 8
    log = await events(alice, room)
    assert len(log) == before + 16
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))


async def test_who_sends_has_read_what_is_above(person: PersonFactory) -> None:
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    room = await new_group(alice, viewer=bob, editor=carol)
    senders = [alice, bob] * 10
    answers = await asyncio.gather(
        *(who.post(f"{ROOMS}/{room}/messages", json={"body": "x"}) for who in senders)
    )
    last = {
        who: max(
            answer.json()["number"] for sender, answer in zip(senders, answers, strict=True) if sender is who
        )
        for who in (alice, bob)
    }
    for who, read in ((alice, last[alice]), (bob, last[bob]), (carol, 0)):
        (state,) = (await who.get("/api/chat/unread")).json()["items"]
        assert (state["last_number"], state["read_number"], state["unread"]) == (20, read, 20 - read)


async def test_the_same_message_many_times_at_once_is_said_once(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    body = {"id": str(new_id()), "body": "once"}
    answers = await asyncio.gather(
        *(who.post(f"{ROOMS}/{room}/messages", json=body) for who in [alice, bob] * 10)
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 9 + [201] + [409] * 10
    (kept,) = await said(alice, room)
    assert kept["number"] == 1
    assert all(answer.json() == kept for answer in answers if answer.status_code < 300)
