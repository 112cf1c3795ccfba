"""Routes that are answered directly answer as FastAPI would, which answers whatever has a query."""

import asyncio
from typing import Any

import httpx
import pytest

from common.ids import new_id
from tests.support import PersonFactory

QUIET = {"date", "x-request-id", "etag"}


def _told(answer: httpx.Response) -> tuple[int, Any, dict[str, str]]:
    """What must be the same both ways. A request's id is its own; a page's ETag names its query."""
    document = answer.json() if answer.content else None
    if isinstance(document, dict):
        document.pop("request_id", None)
    headers = {name: value for name, value in answer.headers.items() if name not in QUIET}
    return answer.status_code, document, headers


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic x"}])
async def test_a_page_is_the_same_both_ways(person: PersonFactory, headers: dict[str, str]) -> None:
    """Found, refused, of no such list, of no such id."""
    alice = await person("Alice")
    made = (await alice.post("/api/todo/lists", json={"title": "Groceries"})).json()
    for title in ("Bread", "Butter"):
        await alice.post(f"/api/todo/lists/{made['id']}/tasks", json={"title": title})
    for list_id in (made["id"], made["id"].upper(), str(new_id()), "nonsense"):
        path = f"/api/todo/lists/{list_id}/tasks"
        for direct, usual in (("", "?x=1"), ("?limit=1", "?limit=01"), ("?limit=200", "?limit=0200")):
            answers = [await alice.get(path + query, headers=headers) for query in (direct, usual)]
            assert _told(answers[0]) == _told(answers[1]), path + direct
        for wrong in ("0", "201", "-1", "x"):
            refused = await alice.get(f"{path}?limit={wrong}", headers=headers)
            assert refused.status_code in (401, 404, 422)


@pytest.mark.parametrize(
    "body",
    [
        b'{"title":"Bread"}',
        b'{"title":""}',
        b'{"title":"Bread","more":1}',
        b'{"title":"Bread","priority":3.0}',
        b'{"title":"Bread","priority":123456789012345678901234567890}',
        b'{"title":"Bread","due":NaN}',
        b'{"title":"\\ud800"}',
        b'{"title":"a\\u0000b"}',
        b'{"title":"Bread"',
        b"[]",
        b"null",
        b"",
    ],
)
async def test_a_creation_is_the_same_both_ways(person: PersonFactory, body: bytes) -> None:
    """What does not fit is refused in the same words."""
    alice = await person("Alice")
    made = (await alice.post("/api/todo/lists", json={"title": "Groceries"})).json()
    path = f"/api/todo/lists/{made['id']}/tasks"
    for more in ({}, {"Authorization": "Bearer nonsense"}):
        headers = {"Content-Type": "application/json", **more}
        answers = [await alice.post(each, content=body, headers=headers) for each in (path, f"{path}?x=1")]
        _same([_told(answer) for answer in answers])


def _same(told: list[tuple[int, Any, dict[str, str]]]) -> None:
    """But for what each creation makes anew."""
    for _, document, answered in told:
        for changing in ("id", "position", "version"):
            document.pop(changing, None)
        answered.pop("content-length", None)
    assert told[0] == told[1]


async def test_creations_of_one_moment_in_many_lists(person: PersonFactory) -> None:
    """They share transactions; each list counts its own, and one that is refused costs the others nothing."""
    alice = await person("Alice")
    lists = [(await alice.post("/api/todo/lists", json={"title": f"{n}"})).json()["id"] for n in range(6)]
    taken = str(new_id())
    await alice.post(f"/api/todo/lists/{lists[0]}/tasks", json={"title": "first", "id": taken})

    async def add(number: int) -> httpx.Response:
        target = lists[number % 6] if number % 7 else str(new_id())
        return await alice.post(f"/api/todo/lists/{target}/tasks", json={"title": f"{number}"})

    answers = await asyncio.gather(
        *(add(number) for number in range(60)),
        alice.post(f"/api/todo/lists/{lists[0]}/tasks", json={"title": "other", "id": taken}),
    )
    statuses = [answer.status_code for answer in answers[:60]]
    assert statuses == [201 if number % 7 else 404 for number in range(60)]
    assert answers[60].json()["code"] == "id-conflict"
    for place, list_id in enumerate(lists):
        page = (await alice.get(f"/api/todo/lists/{list_id}/tasks")).json()
        log = (await alice.get(f"/api/todo/lists/{list_id}/events?limit=200")).json()
        assert [event["seq"] for event in log["items"]] == list(range(1, page["seq"] + 1))
        carried = {
            event["data"]["id"]: event["data"] for event in log["items"] if event["kind"] == "task.created"
        }
        assert {item["id"]: item for item in page["items"]} == carried
        positions = [item["position"] for item in page["items"]]
        assert positions == sorted(set(positions))
        expected = sum(1 for n in range(60) if n % 7 and n % 6 == place) + (place == 0)
        assert len(page["items"]) == expected


async def test_the_same_creation_twice_in_one_moment(person: PersonFactory) -> None:
    """Two requests of one transaction: the one makes it, the other is answered with what was made."""
    alice = await person("Alice")
    made = (await alice.post("/api/todo/lists", json={"title": "Groceries"})).json()
    room = (await alice.post("/api/chat/rooms", json={"kind": "group", "title": "Us"})).json()
    for path, body, other in (
        (f"/api/todo/lists/{made['id']}/tasks", {"title": "Bread"}, {"title": "Butter"}),
        (f"/api/chat/rooms/{room['id']}/messages", {"body": "Hello"}, {"body": "Hi"}),
    ):
        chosen = {"id": str(new_id())}
        bodies = [body | chosen] * 8 + [other | chosen]
        answers = await asyncio.gather(*(alice.post(path, json=each) for each in bodies))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses in ([200] * 7 + [201, 409], [201] + [409] * 8)
        assert len((await alice.get(path)).json()["items"]) == 1
