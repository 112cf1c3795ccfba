"""What tests of chat say often: open a group, say something, read a room to its end."""

from typing import Any

from common.ids import new_id
from tests.support import Person

ROOMS = "/api/chat/rooms"
Json = dict[str, Any]


async def new_group(owner: Person, **members: Person) -> str:
    """A group of the owner's, with others in it by role: `new_group(alice, viewer=bob)`; returns its id."""
    answer = await owner.post(ROOMS, json={"kind": "group", "title": "Lunch"})
    assert answer.status_code == 201, answer.text
    room = str(answer.json()["id"])
    for role, person in members.items():
        put = await owner.put(f"{ROOMS}/{room}/members/{person.id}", json={"role": role})
        assert put.status_code == 201, put.text
    return room


async def say(person: Person, room: str, body: str = "Hello", **fields: Any) -> Json:
    """Say something; returns the message."""
    answer = await person.post(f"{ROOMS}/{room}/messages", json={"body": body, **fields})
    assert answer.status_code == 201, answer.text
    message: Json = answer.json()
    return message


async def items(person: Person, path: str, **params: Any) -> list[Json]:
    """All items of a collection, over all its pages."""
    found: list[Json] = []
    cursor: str | None = None
    while True:
        answer = await person.get(path, params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


async def said(person: Person, room: str, **params: Any) -> list[Json]:
    """Every message of a room, the oldest first."""
    found = await items(person, f"{ROOMS}/{room}/messages", **params)
    return sorted(found, key=lambda message: int(message["seq"]))


async def events(person: Person, room: str) -> list[Json]:
    """The whole log of a room."""
    found: list[Json] = []
    after = "0"
    while True:
        page = (await person.get(f"{ROOMS}/{room}/events", params={"after": after, "limit": 200})).json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = page["next"]


async def unread(person: Person, room: str) -> Json | None:
    """What `GET /api/chat/unread` says of one room."""
    answer = await person.get("/api/chat/unread")
    assert answer.status_code == 200, answer.text
    return next((item for item in answer.json()["items"] if item["room_id"] == room), None)


def chosen_id() -> str:
    """An id as a client chooses it."""
    return str(new_id())


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return answer.status_code, answer.json()["code"]
