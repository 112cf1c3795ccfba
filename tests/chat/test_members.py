"""Who is in a group: letting in, other roles, leaving, and what of that is seen live."""

import asyncio
from uuid import UUID

import pytest

from tests.chat.following import execute
from tests.chat.support import ROOMS, chosen_id, events, items, new_group, problem, say
from tests.support import PersonFactory, Stack, eventually

pytestmark = pytest.mark.system


async def test_a_new_member_sees_the_room_live(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    async with bob.live("chat") as live:
        await live.subscribe(f"user:{bob.id}")
        room = await new_group(alice, viewer=bob)
        added = await live.frame(op="event", kind="room.added")
        assert added["data"] | {"my_role": "viewer"} == (await bob.get(f"{ROOMS}/{room}")).json()
        assert added["actor_id"] == alice.id
    assert [event["kind"] for event in await events(bob, room)] == [
        "room.updated",
        "member.put",
        "member.put",
    ]


async def test_roles_change_once(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    path = f"{ROOMS}/{room}/members/{bob.id}"
    (before,) = [
        each for each in await items(alice, f"{ROOMS}/{room}/members") if each["account_id"] == bob.id
    ]
    changed = await alice.put(path, json={"role": "editor"}, headers={"If-Match": f'"{before["version"]}"'})
    assert changed.status_code == 200
    assert changed.json() == before | {"role": "editor", "version": before["version"] + 1}
    again = await alice.put(path, json={"role": "editor"})
    assert (again.status_code, again.json()) == (200, changed.json())
    stale = await alice.put(path, json={"role": "owner"}, headers={"If-Match": f'"{before["version"]}"'})
    assert problem(stale) == (412, "version-conflict")
    assert stale.json()["current"] == changed.json()
    stale_delete = await alice.delete(path, headers={"If-Match": '"1"'})
    assert problem(stale_delete) == (412, "version-conflict")
    assert (await alice.put(path, json={"role": "king"})).status_code == 422
    assert problem(await bob.put(path, json={"role": "owner"})) == (403, "forbidden")
    assert problem(await bob.delete(f"{ROOMS}/{room}/members/{alice.id}")) == (403, "forbidden")


async def test_nobody_unknown_comes_in(person: PersonFactory) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    answer = await alice.put(f"{ROOMS}/{room}/members/{chosen_id()}", json={"role": "viewer"})
    assert problem(answer) == (404, "unknown-account")


async def test_while_auth_is_away_only_known_accounts_come_in(person: PersonFactory, stack: Stack) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    assert (await bob.delete(f"{ROOMS}/{room}/members/{bob.id}")).status_code == 204

    async def followed() -> bool:
        return bool(execute(stack, "chat", "SELECT 1 FROM accounts WHERE id = %s", UUID(bob.id).bytes))

    await eventually(followed)
    stack.service("auth").kill()
    try:
        known = await alice.put(f"{ROOMS}/{room}/members/{bob.id}", json={"role": "viewer"})
        assert known.status_code == 201
        unknown = await alice.put(f"{ROOMS}/{room}/members/{chosen_id()}", json={"role": "viewer"})
        assert problem(unknown) == (503, "unavailable")
        assert unknown.headers["retry-after"] == "1"
    finally:
        stack.service("auth").start()


async def test_the_last_owner_stays(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    mine = f"{ROOMS}/{room}/members/{alice.id}"
    assert problem(await alice.delete(mine)) == (409, "last-owner")
    assert problem(await alice.put(mine, json={"role": "viewer"})) == (409, "last-owner")
    assert (await alice.put(f"{ROOMS}/{room}/members/{bob.id}", json={"role": "owner"})).status_code == 200
    leaving = [alice.delete(mine), bob.delete(f"{ROOMS}/{room}/members/{bob.id}")]
    assert sorted(answer.status_code for answer in await asyncio.gather(*leaving)) == [204, 409]


async def test_whoever_is_taken_out_hears_nothing_more(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    async with bob.live("chat") as live:
        await live.subscribe(f"room:{room}")
        await live.subscribe(f"user:{bob.id}")
        assert (await alice.delete(f"{ROOMS}/{room}/members/{bob.id}")).status_code == 204
        await say(alice, room, "Just us now")
        ended = await live.frame(op="unsubscribed", topic=f"room:{room}", timeout=2)
        assert ended["reason"] == "removed"
        removed = await live.frame(op="event", kind="room.removed")
        assert removed["data"]["id"] == room
        refused = await live.subscribe(f"room:{room}")
        assert refused["code"] == "not-found"
        assert live.events(f"room:{room}") == []
    assert problem(await bob.get(f"{ROOMS}/{room}/messages")) == (404, "not-found")
    assert problem(await alice.delete(f"{ROOMS}/{room}/members/{bob.id}")) == (404, "not-found")


async def test_anyone_may_leave_and_come_back(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    assert (await bob.delete(f"{ROOMS}/{room}/members/{bob.id}")).status_code == 204
    back = await alice.put(f"{ROOMS}/{room}/members/{bob.id}", json={"role": "viewer"})
    assert back.status_code == 201
    assert (await bob.get(f"{ROOMS}/{room}")).status_code == 200


async def test_members_are_paged(person: PersonFactory) -> None:
    alice, *others = await asyncio.gather(*(person(f"Person{n}") for n in range(4)))
    room = await new_group(alice)
    for other in others:
        await alice.put(f"{ROOMS}/{room}/members/{other.id}", json={"role": "viewer"})
    found = await items(alice, f"{ROOMS}/{room}/members", limit=2)
    assert [member["account_id"] for member in found] == sorted(each.id for each in (alice, *others))
    page = (await alice.get(f"{ROOMS}/{room}/members")).json()
    assert page["seq"] == 5
