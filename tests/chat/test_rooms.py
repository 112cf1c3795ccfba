"""Groups and rooms of two people: opening, renaming, deleting, and who sees them."""

import asyncio

import pytest

from tests.chat.support import ROOMS, chosen_id, events, items, new_group, problem, say
from tests.support import Person, PersonFactory, Stack

pytestmark = pytest.mark.system


async def test_a_group_is_there_for_its_owner(person: PersonFactory) -> None:
    alice = await person("Alice")
    answer = await alice.post(ROOMS, json={"kind": "group", "title": "Lunch"})
    assert answer.status_code == 201
    room = answer.json()
    assert (
        room | {"kind": "group", "title": "Lunch", "list_id": None, "my_role": "owner", "version": 1} == room
    )
    assert answer.headers["etag"] == '"1"'
    again = await alice.get(f"{ROOMS}/{room['id']}")
    assert again.status_code == 200
    assert again.json() == room
    page = (await alice.get(ROOMS)).json()
    assert page["items"] == [room]
    assert page["seq"] == 1
    assert page["epoch"]


async def test_rooms_are_paged_by_id(person: PersonFactory) -> None:
    alice = await person("Alice")
    made = [await new_group(alice) for _ in range(5)]
    assert [room["id"] for room in await items(alice, ROOMS, limit=2)] == sorted(made)
    assert problem(await alice.get(ROOMS, params={"cursor": "xx"})) == (422, "invalid")
    assert (await alice.get(ROOMS, params={"limit": 0})).status_code == 422


async def test_a_stranger_sees_nothing(person: PersonFactory) -> None:
    alice, mallory = await asyncio.gather(person("Alice"), person("Mallory"))
    room = await new_group(alice)
    message = (await say(alice, room))["id"]
    path = f"{ROOMS}/{room}"
    requests = [
        mallory.get(path),
        mallory.patch(path, json={"title": "Mine"}),
        mallory.delete(path),
        mallory.get(f"{path}/events"),
        mallory.get(f"{path}/members"),
        mallory.put(f"{path}/members/{mallory.id}", json={"role": "owner"}),
        mallory.delete(f"{path}/members/{alice.id}"),
        mallory.get(f"{path}/messages"),
        mallory.post(f"{path}/messages", json={"body": "Boo"}),
        mallory.get(f"{path}/messages/{message}"),
        mallory.patch(f"{path}/messages/{message}", json={"body": "Boo"}),
        mallory.delete(f"{path}/messages/{message}"),
        mallory.put(f"{path}/messages/{message}/reactions/👍"),
        mallory.delete(f"{path}/messages/{message}/reactions/👍"),
        mallory.put(f"{path}/read", json={"number": 1}),
    ]
    for answer in await asyncio.gather(*requests):
        assert problem(answer) == (404, "not-found"), answer.request.url
    assert (await mallory.get(ROOMS)).json()["items"] == []


async def test_without_a_token_nothing_is_answered(person: PersonFactory) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    for path in (ROOMS, f"{ROOMS}/{room}", f"{ROOMS}/{room}/messages", "/api/chat/unread"):
        assert problem(await alice.get(path, headers={"Authorization": ""})) == (401, "no-token")


async def test_a_group_sent_again_is_the_same_group(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    body = {"id": chosen_id(), "kind": "group", "title": "Lunch"}
    answers = await asyncio.gather(*(alice.post(ROOMS, json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["version"] for answer in answers}) == 1
    assert problem(await alice.post(ROOMS, json=body | {"title": "Other"})) == (409, "id-conflict")
    assert problem(await bob.post(ROOMS, json=body)) == (409, "id-conflict")
    renamed = await alice.patch(f"{ROOMS}/{body['id']}", json={"title": "Dinner"})
    assert renamed.status_code == 200
    as_it_is_now = await alice.post(ROOMS, json=body)
    assert as_it_is_now.status_code == 200
    assert as_it_is_now.json() == renamed.json()
    assert (await alice.delete(f"{ROOMS}/{body['id']}")).status_code == 204
    assert problem(await alice.post(ROOMS, json=body)) == (410, "gone")
    assert problem(await alice.get(f"{ROOMS}/{body['id']}")) == (404, "not-found")


async def test_two_people_cannot_choose_one_id(person: PersonFactory, stack: Stack) -> None:
    """Not even at the same moment, on two processes."""
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    replica = stack.replica("chat")
    try:
        for _ in range(10):
            body = {"id": chosen_id(), "kind": "group", "title": "Lunch"}
            token = {"Authorization": f"Bearer {bob.token}"}
            elsewhere = bob.client.post(f"{replica.url}{ROOMS}", json=body, headers=token)
            answers = await asyncio.gather(alice.post(ROOMS, json=body), elsewhere)
            assert sorted(answer.status_code for answer in answers) == [201, 409]
    finally:
        replica.kill()


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "group"},
        {"kind": "group", "title": ""},
        {"kind": "group", "title": "   "},
        {"kind": "group", "title": "x" * 201},
        {"kind": "group", "title": "nul\0"},
        {"kind": "group", "title": "Lunch", "colour": "red"},
        {"kind": "group", "title": "Lunch", "id": "6f0f3b52-6f0d-4f0e-9a55-2c1d9a3f7b10"},
        {"kind": "direct"},
        {"kind": "circle", "title": "Lunch"},
        {"title": "Lunch"},
        [],
    ],
)
async def test_what_is_no_room_is_refused(person: PersonFactory, body: object) -> None:
    alice = await person("Alice")
    assert (await alice.post(ROOMS, json=body)).status_code == 422


async def test_the_room_of_a_list_is_not_opened_by_hand(person: PersonFactory) -> None:
    alice = await person("Alice")
    answer = await alice.post(ROOMS, json={"kind": "list", "list_id": chosen_id(), "title": "Groceries"})
    assert problem(answer) == (403, "follows-list")


async def test_renaming_wants_the_current_version(person: PersonFactory) -> None:
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    room = await new_group(alice, editor=bob, viewer=carol)
    path = f"{ROOMS}/{room}"
    renamed = await bob.patch(path, json={"title": "Dinner"}, headers={"If-Match": 'W/"1"'})
    assert renamed.status_code == 200
    assert renamed.json()["my_role"] == "editor"
    stale = await alice.patch(path, json={"title": "Supper"}, headers={"If-Match": '"1"'})
    assert problem(stale) == (412, "version-conflict")
    assert stale.json()["current"] == renamed.json() | {"my_role": "owner"}
    assert problem(await alice.delete(path, headers={"If-Match": '"1"'})) == (412, "version-conflict")
    assert problem(await carol.patch(path, json={"title": "Supper"})) == (403, "forbidden")
    assert problem(await bob.delete(path)) == (403, "forbidden")
    assert (await alice.patch(path, json={"title": None})).status_code == 422
    assert (await alice.patch(path, json={"kind": "direct"})).status_code == 422
    before = len(await events(alice, room))
    assert (await alice.patch(path, json={"title": "Dinner"})).json()["version"] == renamed.json()["version"]
    assert (await alice.patch(path, json={})).status_code == 200
    assert len(await events(alice, room)) == before
    unchanged = await alice.get(path, headers={"If-None-Match": renamed.headers["etag"]})
    assert unchanged.status_code == 304


async def test_a_deleted_group_is_gone_for_everyone(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    async with bob.live("chat") as live:
        await live.subscribe(f"room:{room}")
        await live.subscribe(f"user:{bob.id}")
        assert (await alice.delete(f"{ROOMS}/{room}")).status_code == 204
        ended = await live.frame(op="unsubscribed", topic=f"room:{room}")
        assert ended["reason"] == "deleted"
        removed = await live.frame(op="event", kind="room.removed")
        assert removed["data"]["id"] == room
    for someone in (alice, bob):
        assert problem(await someone.get(f"{ROOMS}/{room}")) == (404, "not-found")
        assert (await someone.get(ROOMS)).json()["items"] == []
    assert problem(await alice.delete(f"{ROOMS}/{room}")) == (404, "not-found")


async def test_two_people_have_one_room(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))

    pairs: list[tuple[Person, Person]] = [(alice, bob), (bob, alice)]
    answers = await asyncio.gather(
        *(one.post(ROOMS, json={"kind": "direct", "account_id": other.id}) for one, other in pairs * 4)
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    room = answers[0].json()
    assert room["title"] is None
    assert room["my_role"] == "editor"
    assert room["account_ids"] == sorted([alice.id, bob.id])
    members = await items(bob, f"{ROOMS}/{room['id']}/members")
    assert {(member["account_id"], member["role"]) for member in members} == {
        (alice.id, "editor"),
        (bob.id, "editor"),
    }
    message = await say(alice, room["id"], "Psst")
    assert message["number"] == 1
    assert problem(await bob.delete(f"{ROOMS}/{room['id']}/messages/{message['id']}")) == (403, "forbidden")


async def test_the_room_of_two_stays_as_it_is(person: PersonFactory) -> None:
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    answer = await alice.post(ROOMS, json={"kind": "direct", "account_id": bob.id})
    path = f"{ROOMS}/{answer.json()['id']}"
    refused = [
        await alice.patch(path, json={"title": "Us"}),
        await alice.delete(path),
        await alice.put(f"{path}/members/{carol.id}", json={"role": "viewer"}),
        await alice.delete(f"{path}/members/{alice.id}"),
    ]
    assert [problem(each) for each in refused] == [(403, "direct-room")] * 4
    assert problem(await alice.post(ROOMS, json={"kind": "direct", "account_id": alice.id})) == (
        422,
        "invalid",
    )
    nobody = await alice.post(ROOMS, json={"kind": "direct", "account_id": chosen_id()})
    assert problem(nobody) == (404, "unknown-account")


async def test_a_page_of_rooms_that_is_still_current_is_not_sent_again(person: PersonFactory) -> None:
    alice = await person("Alice")
    empty = await alice.get(ROOMS)
    assert empty.json()["items"] == []
    assert empty.json()["epoch"]  # one can subscribe to `user:<me>` from here on
    room = await new_group(alice)
    page = await alice.get(ROOMS)
    unchanged = await alice.get(ROOMS, headers={"If-None-Match": page.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    await alice.patch(f"{ROOMS}/{room}", json={"title": "Dinner"})  # no event of `user:<me>`
    renamed = await alice.get(ROOMS, headers={"If-None-Match": page.headers["etag"]})
    assert renamed.json()["items"][0]["title"] == "Dinner"


async def test_the_log_of_a_room(person: PersonFactory) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    for number in range(5):
        await say(alice, room, str(number))
    path = f"{ROOMS}/{room}/events"
    page = (await alice.get(path, params={"after": 2, "limit": 3})).json()
    assert [event["seq"] for event in page["items"]] == [3, 4, 5]
    assert (page["next"], page["seq"]) == ("5", 7)
    assert page["items"][0]["data"]["body"] == "0"
    assert (await alice.get(path, params={"after": 7})).json()["items"] == []
    assert problem(await alice.get(path, params={"after": 8})) == (410, "log-pruned")
    assert problem(await alice.get(path, params={"after": 2, "epoch": "other"})) == (410, "log-pruned")
    assert (await alice.get(path, params={"after": 2, "epoch": page["epoch"]})).status_code == 200


async def test_a_message_belongs_to_its_room(person: PersonFactory) -> None:
    alice = await person("Alice")
    one, other = await asyncio.gather(new_group(alice), new_group(alice))
    message = (await say(alice, one))["id"]
    path = f"{ROOMS}/{other}/messages/{message}"
    assert problem(await alice.get(path)) == (404, "not-found")
    assert problem(await alice.patch(path, json={"body": "x"})) == (404, "not-found")
    assert problem(await alice.delete(path)) == (404, "not-found")
    elsewhere = await say(alice, other, id=message)  # ids are unique within their room
    assert elsewhere["number"] == 1
