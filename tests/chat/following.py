"""What tests of following share: lists made in todo, rooms as chat has them, and both databases."""

from typing import Any
from uuid import UUID

import pymysql
from sqlalchemy import make_url

from chat.topics import list_room_id
from tests.chat.support import ROOMS, Json, items
from tests.support import Person, Stack, eventually

LISTS = "/api/todo/lists"


async def new_list(owner: Person, title: str = "Groceries", **members: Person) -> str:
    """A list of the owner's, shared with others by role; returns its id."""
    answer = await owner.post(LISTS, json={"title": title})
    assert answer.status_code == 201, answer.text
    list_id = str(answer.json()["id"])
    for role, person in members.items():
        await share(owner, list_id, person, role)
    return list_id


async def share(owner: Person, list_id: str, person: Person, role: str) -> None:
    """Give someone a role in a list."""
    answer = await owner.put(f"{LISTS}/{list_id}/members/{person.id}", json={"role": role})
    assert answer.status_code in (200, 201), answer.text


def room_of(list_id: str) -> str:
    """The id of a list's room."""
    return str(list_room_id(UUID(list_id)))


async def has_room(person: Person, list_id: str, timeout: float = 10) -> Json:
    """Wait until the list's room is there for someone."""

    async def there() -> Json:
        answer = await person.get(f"{ROOMS}/{room_of(list_id)}")
        assert answer.status_code == 200, answer.text
        room: Json = answer.json()
        return room

    return await eventually(there, timeout)


async def lists_of(person: Person) -> dict[str, Json]:
    """A person's lists as todo has them: title, and who is in them with which role."""
    return {
        each["id"]: {"title": each["title"], "members": await _members(person, f"{LISTS}/{each['id']}")}
        for each in await items(person, LISTS)
    }


async def rooms_of(person: Person) -> dict[str, Json]:
    """The same of their lists' rooms, as chat has them."""
    return {
        each["list_id"]: {"title": each["title"], "members": await _members(person, f"{ROOMS}/{each['id']}")}
        for each in await items(person, ROOMS)
        if each["kind"] == "list"
    }


async def _members(person: Person, path: str) -> dict[str, str]:
    return {each["account_id"]: each["role"] for each in await items(person, f"{path}/members")}


async def agree(*people: Person, timeout: float = 20) -> None:
    """Wait until chat has, for each of these people, what todo has."""

    async def same() -> bool:
        for person in people:
            assert await rooms_of(person) == await lists_of(person)
        return True

    await eventually(same, timeout)


def execute(stack: Stack, service: str, statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run SQL in a service's database, as somebody who repairs it would."""
    url = make_url(stack.database_url(service, account=f"{service}_migrator"))
    with (
        pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            database=url.database,
            autocommit=True,
            cursorclass=pymysql.cursors.DictCursor,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def lines(messages: list[Json]) -> list[tuple[str, str | None, str | None, str | None]]:
    """The activity lines among messages: what, about whom, which title, which role."""
    found = [message["activity"] for message in messages if message["kind"] == "activity"]
    return [(each["kind"], each["account_id"], each["title"], each["role"]) for each in found]
