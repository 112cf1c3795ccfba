"""What is said in a room: sending once, editing, deleting, answering, and reading it page by page."""

import asyncio

import pytest

from tests.chat.support import ROOMS, chosen_id, events, new_group, problem, said, say
from tests.support import PersonFactory

pytestmark = pytest.mark.system


async def test_a_message_reaches_everyone_as_it_is_read(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    async with alice.live("chat") as live:
        await live.subscribe(f"room:{room}")
        sent = await bob.post(f"{ROOMS}/{room}/messages", json={"body": "哈囉 👋"})
        assert sent.status_code == 201
        message = sent.json()
        frame = await live.frame(op="event", kind="message.created")
    assert frame["data"] == message
    assert (frame["seq"], frame["actor_id"]) == (message["seq"], bob.id)
    assert message["number"] == 1
    assert message["version"] == message["seq"] == 4
    assert (message["author_id"], message["body"], message["kind"]) == (bob.id, "哈囉 👋", "message")
    assert message["created_at"] == frame["at"]
    one = await alice.get(f"{ROOMS}/{room}/messages/{message['id']}")
    assert (one.json(), one.headers["etag"]) == (message, sent.headers["etag"])
    unchanged = await alice.get(one.request.url.path, headers={"If-None-Match": one.headers["etag"]})
    assert unchanged.status_code == 304
    assert (await said(alice, room)) == [message]
    assert problem(await alice.get(f"{ROOMS}/{room}/messages/{chosen_id()}")) == (404, "not-found")


async def test_one_message_sent_twenty_times_is_said_once(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    body = {"id": chosen_id(), "body": "Once"}
    path = f"{ROOMS}/{room}/messages"
    answers = await asyncio.gather(*(alice.post(path, json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert [message["number"] for message in await said(bob, room)] == [1]
    assert problem(await alice.post(path, json=body | {"body": "Twice"})) == (409, "id-conflict")
    assert problem(await bob.post(path, json=body)) == (409, "id-conflict")
    assert (await alice.delete(f"{path}/{body['id']}")).status_code == 204
    assert problem(await alice.post(path, json=body)) == (410, "gone")


async def test_numbers_have_no_holes(person: PersonFactory) -> None:
    """Fifty at once, a fifth of them refused: 1 to 40, in the order of the log."""
    people = await asyncio.gather(*(person(f"Person{n}") for n in range(5)))
    room = await new_group(people[0])
    for other in people[1:]:
        await people[0].put(f"{ROOMS}/{room}/members/{other.id}", json={"role": "viewer"})
    path = f"{ROOMS}/{room}/messages"
    taken = (await say(people[0], room, id=chosen_id()))["id"]
    bodies = [
        {"body": f"Message {n}"} | ({"id": taken} if n % 5 == 0 else {"id": chosen_id()}) for n in range(50)
    ]
    answers = await asyncio.gather(*(people[n % 5].post(path, json=body) for n, body in enumerate(bodies)))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    messages = await said(people[0], room, limit=7)
    assert [message["number"] for message in messages] == list(range(1, 42))
    assert [message["seq"] for message in messages] == list(range(7, 48))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": ""},
        {"body": " \n\t"},
        {"body": "x" * 10_001},
        {"body": "nul\0"},
        {"body": "Hi", "number": 7},
        {"body": "Hi", "id": "6f0f3b52-6f0d-4f0e-9a55-2c1d9a3f7b10"},
        {"body": "Hi", "thread_id": "6f0f3b52-6f0d-7f0e-9a55-2c1d9a3f7b10"},
        {"body": "Hi", "task_id": "6f0f3b52-6f0d-7f0e-9a55-2c1d9a3f7b10"},
    ],
)
async def test_what_cannot_be_said_is_refused(person: PersonFactory, body: object) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    assert (await alice.post(f"{ROOMS}/{room}/messages", json=body)).status_code == 422
    assert await said(alice, room) == []


async def test_only_the_author_edits(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, editor=bob)
    message = await say(bob, room, "Helo")
    path = f"{ROOMS}/{room}/messages/{message['id']}"
    assert problem(await alice.patch(path, json={"body": "Hullo"})) == (403, "forbidden")
    edited = await bob.patch(path, json={"body": "Hello"}, headers={"If-Match": f'"{message["version"]}"'})
    assert edited.status_code == 200
    now = edited.json()
    assert now["edited_at"] is not None
    changed = {"body": "Hello", "edited_at": now["edited_at"], "version": message["version"] + 1}
    assert now == message | changed
    stale = await bob.patch(path, json={"body": "Hey"}, headers={"If-Match": f'"{message["version"]}"'})
    assert problem(stale) == (412, "version-conflict")
    assert stale.json()["current"] == now
    assert problem(await bob.delete(path, headers={"If-Match": '"1"'})) == (412, "version-conflict")
    assert (await bob.patch(path, json={"body": "Hello"})).json() == now
    assert (await bob.patch(path, json={})).json() == now
    assert problem(await bob.patch(path, json={"number": 9})) == (422, "unknown-field")
    assert (await bob.patch(path, json={"body": None})).status_code == 422
    assert [event["kind"] for event in await events(alice, room)][-2:] == [
        "message.created",
        "message.updated",
    ]


async def test_a_deleted_message_leaves_its_place_and_no_words(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    message = await say(bob, room, "My secret is xyzzy")
    path = f"{ROOMS}/{room}/messages/{message['id']}"
    await bob.patch(path, json={"body": "My secret is xyzzy!"})
    await alice.put(f"{path}/reactions/👍")
    async with alice.live("chat") as live:
        await live.subscribe(f"room:{room}")
        assert (await bob.delete(path)).status_code == 204
        frame = await live.frame(op="event", kind="message.deleted")
    assert frame["data"] == {"id": message["id"], "version": frame["seq"]}
    tombstone = (await alice.get(path)).json()
    assert (tombstone["body"], tombstone["reactions"]) == ("", [])
    assert (tombstone["number"], tombstone["seq"]) == (1, message["seq"])
    assert (tombstone["deleted_at"], tombstone["version"]) == (frame["at"], frame["seq"])
    log = await alice.get(f"{ROOMS}/{room}/events", params={"limit": 200})
    assert "xyzzy" not in log.text
    assert [event["seq"] for event in log.json()["items"]] == list(range(1, frame["seq"] + 1))
    async with alice.live("chat") as live:  # nor does a socket that replays it say them
        await live.subscribe(f"room:{room}", after=0)
        await live.frame(op="event", kind="message.deleted")
        assert "xyzzy" not in str(live.frames)
    assert [each["number"] for each in [*await said(bob, room), await say(bob, room)]] == [1, 2]
    for answer in [
        await bob.patch(path, json={"body": "Back"}),
        await bob.delete(path),
        await bob.put(f"{path}/reactions/👍"),
    ]:
        assert problem(answer) == (410, "gone")


async def test_an_owner_deletes_what_others_said(person: PersonFactory) -> None:
    alice, bob, carol = await asyncio.gather(person("Alice"), person("Bob"), person("Carol"))
    room = await new_group(alice, editor=bob, viewer=carol)
    path = f"{ROOMS}/{room}/messages/{(await say(carol, room))['id']}"
    assert problem(await bob.delete(path)) == (403, "forbidden")
    assert (await alice.delete(path)).status_code == 204


async def test_reactions_are_counted_once(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    message = await say(alice, room)
    path = f"{ROOMS}/{room}/messages/{message['id']}/reactions"
    assert (await bob.put(f"{path}/👍")).json()["reactions"] == [{"emoji": "👍", "account_ids": [bob.id]}]
    both = await alice.put(f"{path}/👍")
    assert both.json()["reactions"] == [{"emoji": "👍", "account_ids": [bob.id, alice.id]}]
    assert (await alice.put(f"{path}/👍")).json() == both.json()
    assert problem(await alice.delete(f"{path}/🎉")) == (404, "not-found")
    assert (await bob.delete(f"{path}/👍")).status_code == 204
    assert problem(await bob.delete(f"{path}/👍")) == (404, "not-found")
    assert (await alice.delete(f"{path}/👍")).status_code == 204
    (now,) = await said(bob, room)
    assert now == message | {"version": message["version"] + 4}


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "❤️", "🇹🇼", "1️⃣", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🫠", "™️"])
async def test_every_emoji_will_do(person: PersonFactory, emoji: str) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    message = await say(alice, room)
    answer = await alice.put(f"{ROOMS}/{room}/messages/{message['id']}/reactions/{emoji}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["reactions"][0]["emoji"] == emoji


@pytest.mark.parametrize(
    "emoji", ["a", "👍👍", "<b>", "👍 ", "\u200d", "7", "x" * 100, "👍" + "\u200d👍" * 20]
)
async def test_words_are_no_emoji(person: PersonFactory, emoji: str) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    message = await say(alice, room)
    answer = await alice.put(f"{ROOMS}/{room}/messages/{message['id']}/reactions/{emoji}")
    assert problem(answer) == (422, "invalid")


async def test_a_message_carries_only_so_many_emoji(person: PersonFactory) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    path = f"{ROOMS}/{room}/messages/{(await say(alice, room))['id']}/reactions"
    several = [chr(0x1F600 + n) for n in range(21)]
    answers = [await alice.put(f"{path}/{emoji}") for emoji in several]
    assert [answer.status_code for answer in answers] == [200] * 20 + [409]
    assert problem(answers[-1]) == (409, "too-many-emoji")


async def test_answers_stand_in_a_thread_without_a_number(person: PersonFactory) -> None:
    alice, bob = await asyncio.gather(person("Alice"), person("Bob"))
    room = await new_group(alice, viewer=bob)
    root = await say(alice, room, "Where do we eat?")
    replies = [await say(bob, room, f"Idea {n}", thread_id=root["id"]) for n in range(3)]
    other = await say(alice, room, "By the way")
    assert [each["number"] for each in (root, *replies, other)] == [1, None, None, None, 2]
    assert await said(alice, room, thread=root["id"], limit=2) == replies
    assert await said(alice, room) == [root, *replies, other]
    path = f"{ROOMS}/{room}/messages"
    nested = await bob.post(path, json={"body": "No", "thread_id": replies[0]["id"]})
    assert problem(nested) == (422, "invalid")
    assert nested.json()["errors"][0]["code"] == "unknown-thread"
    task = await bob.post(path, json={"body": "No", "task_id": chosen_id()})
    assert task.json()["errors"][0]["code"] == "no-list"


async def test_pages_go_on_in_their_direction(person: PersonFactory) -> None:
    alice = await person("Alice")
    room = await new_group(alice)
    all_of_them = [await say(alice, room, str(n)) for n in range(1, 8)]
    path = f"{ROOMS}/{room}/messages"

    async def pages(**params: object) -> list[list[str]]:
        found: list[list[str]] = []
        cursor: str | None = None
        while True:
            asked = params | ({"cursor": cursor} if cursor else {})
            page = (await alice.get(path, params=asked)).json()
            found.append([message["body"] for message in page["items"]])
            cursor = page["next"]
            if cursor is None:
                return found

    assert await pages(limit=3) == [["5", "6", "7"], ["2", "3", "4"], ["1"]]
    assert await pages(limit=3, before=all_of_them[4]["seq"]) == [["2", "3", "4"], ["1"]]
    assert await pages(limit=3, after=all_of_them[1]["seq"]) == [["3", "4", "5"], ["6", "7"]]
    assert await pages(limit=3, after=all_of_them[-1]["seq"]) == [[]]
    assert await pages(limit=7) == [[str(n) for n in range(1, 8)]]
    page = await alice.get(path)
    assert page.json()["seq"] == all_of_them[-1]["version"]
    unchanged = await alice.get(path, headers={"If-None-Match": page.headers["etag"]})
    assert unchanged.status_code == 304
    await say(alice, room, "8")
    assert (await alice.get(path, headers={"If-None-Match": page.headers["etag"]})).status_code == 200
    for params in (
        {"before": 3, "after": 4},
        {"cursor": "?"},
        {"before": -1},
        {"limit": 201},
        {"cursor": "WyJhIl0"},
    ):
        assert (await alice.get(path, params=params)).status_code == 422, params
