"""What a client holds: a snapshot taken while others write, and what follows it, is the state as it is."""

import asyncio
import random
from typing import Any

import pytest

from tests.chat.support import ROOMS, Json, events, new_group, said, say
from tests.support import Person, PersonFactory

pytestmark = pytest.mark.system


def take(state: dict[str, Json], frame: Json) -> None:
    """What a client does with an event of a room: the newer version wins, a deletion leaves the place."""
    data = frame["data"]
    if not frame["kind"].startswith("message."):
        return
    known = state.get(data["id"])
    if known is not None and known["version"] >= frame["seq"]:
        return
    if frame["kind"] == "message.deleted" and known is not None:
        gone: Json = {"body": "", "reactions": [], "edited_at": None}
        state[data["id"]] = known | gone | {"deleted_at": frame["at"], "version": frame["seq"]}
    elif "body" in data:
        state[data["id"]] = data


def agrees(state: dict[str, Json], fresh: list[Json]) -> None:
    """What a client holds is as it is now. Of what came and went behind its back it need not know."""
    now = {message["id"]: message for message in fresh}
    assert state == {id_: it for id_, it in now.items() if id_ in state or it["deleted_at"] is None}


async def do_something(chance: random.Random, person: Person, room: str, made: list[str]) -> None:
    """One change, likely or not."""
    path = f"{ROOMS}/{room}/messages"
    what = chance.random()
    if what < 0.5 or not made:
        thread = {"thread_id": made[0]} if made and chance.random() < 0.2 else {}
        answer = await person.post(path, json={"body": f"Number {chance.random()}"} | thread)
        if answer.status_code == 201:
            made.append(answer.json()["id"])
        return
    message = f"{path}/{chance.choice(made)}"
    if what < 0.7:
        await person.patch(message, json={"body": f"Better {chance.random()}"})
    elif what < 0.8:
        await person.delete(message)
    elif what < 0.9:
        await person.put(f"{message}/reactions/{chance.choice('👍🎉')}")
    else:
        await person.delete(f"{message}/reactions/{chance.choice('👍🎉')}")


@pytest.mark.parametrize("seed", range(3))
async def test_a_snapshot_and_what_follows_is_the_state(person: PersonFactory, seed: int) -> None:
    chance = random.Random(seed)
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    made: list[str] = []
    for _ in range(20):
        await do_something(chance, alice, room, made)

    async def write() -> None:
        for _ in range(60):
            await do_something(chance, chance.choice((alice, bob)), room, made)

    writers = [asyncio.create_task(write()) for _ in range(3)]
    state: dict[str, Json] = {}
    first: Json | None = None
    params: dict[str, Any] = {"limit": 5}
    while True:
        page = (await bob.get(f"{ROOMS}/{room}/messages", params=params)).json()
        first = first or page
        state |= {message["id"]: message for message in page["items"]}
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    async with bob.live("chat") as live:
        answer = await live.subscribe(f"room:{room}", after=first["seq"], epoch=first["epoch"])
        assert answer["recovered"] is True
        await asyncio.gather(*writers)
        last = (await bob.get(f"{ROOMS}/{room}/messages", params={"limit": 1})).json()["seq"]
        await live.frame(op="event", seq=last)
        frames = live.events(f"room:{room}")
    assert [frame["seq"] for frame in frames] == list(range(first["seq"] + 1, last + 1))
    for frame in frames:
        take(state, frame)
    agrees(state, await said(bob, room))


async def test_who_missed_that_a_message_was_edited_and_deleted(person: PersonFactory) -> None:
    """Both events are emptied by then: what they said must not be missing in what is left of the message."""
    alice = await person("Alice")
    room = await new_group(alice)
    path = f"{ROOMS}/{room}/messages"
    message = await say(alice, room)
    await alice.put(f"{path}/{message['id']}/reactions/👍")
    page = (await alice.get(path)).json()
    state = {each["id"]: each for each in page["items"]}
    assert (await alice.patch(f"{path}/{message['id']}", json={"body": "Better"})).status_code == 200
    assert (await alice.delete(f"{path}/{message['id']}")).status_code == 204
    for event in (await events(alice, room))[page["seq"] :]:
        take(state, event)
    agrees(state, await said(alice, room))


async def test_every_page_reaches_to_its_seq(person: PersonFactory) -> None:
    """`seq` is read before the rows: read after them, what was written in between would be in neither."""
    chance = random.Random(3)
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    made: list[str] = []
    pages: list[Json] = []

    async def write() -> None:
        for _ in range(40):
            await do_something(chance, chance.choice((alice, bob)), room, made)

    async def read(writing: asyncio.Future[Any]) -> None:
        while not writing.done():
            pages.append((await bob.get(f"{ROOMS}/{room}/messages", params={"limit": 200})).json())

    writing = asyncio.gather(*(write() for _ in range(3)))
    await asyncio.gather(writing, *(read(writing) for _ in range(3)))
    log, fresh = await events(bob, room), await said(bob, room)
    assert len(pages) > 20
    for page in pages:
        state = {message["id"]: message for message in page["items"]}
        for event in log[page["seq"] :]:
            take(state, event)
        agrees(state, fresh)
