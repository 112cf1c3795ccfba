"""Conditional requests on rooms and members: what is unchanged is not sent, and what was not seen is not
overwritten."""

import pytest

from tests.support import Person, PersonFactory

pytestmark = pytest.mark.system

GROUP = {"kind": "group", "title": "Picnic"}


async def group(owner: Person) -> str:
    answer = await owner.post("/api/chat/rooms", json=GROUP)
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_a_room_whose_role_has_changed_is_sent_again(person: PersonFactory) -> None:
    """The version is the room's; the role in the answer is the reader's."""
    alice, bob = await person("Alice"), await person("Bob")
    room = f"/api/chat/rooms/{await group(alice)}"
    await alice.put(f"{room}/members/{bob.id}", json={"role": "viewer"})
    before = await bob.get(room)
    await alice.put(f"{room}/members/{bob.id}", json={"role": "owner"})
    after = await bob.get(room, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["my_role"]) == (200, "owner")
    assert after.headers["vary"] == "Authorization", (
        "the next person at this browser must not get this one's answer"
    )


async def test_members_have_an_etag(person: PersonFactory) -> None:
    """Of the room's log, as every collection of one topic."""
    alice, bob = await person("Alice"), await person("Bob")
    members = f"/api/chat/rooms/{await group(alice)}/members"
    tag = (await alice.get(members)).headers["etag"]
    assert (await alice.get(members, headers={"If-None-Match": tag})).status_code == 304
    await alice.put(f"{members}/{bob.id}", json={"role": "viewer"})
    changed = await alice.get(members, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert len(changed.json()["items"]) == 2


async def test_if_match_on_a_member_who_is_not_there(person: PersonFactory) -> None:
    """Nothing matches, not even `*`."""
    alice, bob = await person("Alice"), await person("Bob")
    member = f"/api/chat/rooms/{await group(alice)}/members/{bob.id}"
    for header in ("*", '"0"', '"3"'):
        answer = await alice.put(member, json={"role": "viewer"}, headers={"If-Match": header})
        assert (answer.status_code, answer.json()["current"]) == (412, None)


async def test_a_read_position_is_a_number(person: PersonFactory) -> None:
    """Neither a truth value nor a text that looks like one."""
    alice = await person("Alice")
    read = f"/api/chat/rooms/{await group(alice)}/read"
    for body in ({"number": True}, {"number": "1"}, {"number": 1, "force": "yes"}, {"number": -1}):
        assert (await alice.put(read, json=body)).status_code == 422
    assert (await alice.put(read, json={"number": 0})).status_code == 204
