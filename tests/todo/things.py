"""What the tests of this service make over and over: lists that are shared, tasks, and ids."""

from typing import Any

import httpx

from common.ids import new_id
from tests.support import Person, PersonFactory

LISTS = "/api/todo/lists"
Resource = dict[str, Any]


def fresh_id() -> str:
    """An id as a client chooses it."""
    return str(new_id())


def path(list_id: str, *more: str) -> str:
    """The path of a list, or of something in it."""
    return "/".join([LISTS, list_id, *more])


async def new_list(owner: Person, title: str = "Groceries", **fields: Any) -> Resource:
    """A list of the owner's."""
    item: Resource = ok(await owner.post(LISTS, json={"title": title, **fields}), 201)
    return item


async def new_task(person: Person, list_id: str, title: str = "Milk", **fields: Any) -> Resource:
    """A task in a list."""
    task: Resource = ok(await person.post(path(list_id, "tasks"), json={"title": title, **fields}), 201)
    return task


async def share(owner: Person, list_id: str, account: Person, role: str) -> Resource:
    """Give an account a role."""
    answer = await owner.put(path(list_id, "members", account.id), json={"role": role})
    assert answer.status_code in (200, 201), answer.text
    member: Resource = answer.json()
    return member


async def tasks_of(person: Person, list_id: str, limit: int = 200) -> list[Resource]:
    """All tasks of a list, page by page."""
    items: list[Resource] = []
    cursor = None
    while True:
        parameters = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = ok(await person.get(path(list_id, "tasks"), params=parameters))
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def events_of(person: Person, list_id: str, after: int = 0) -> list[Resource]:
    """The list's log."""
    items: list[Resource] = []
    while True:
        page = ok(await person.get(path(list_id, "events"), params={"after": str(after), "limit": "200"}))
        items += page["items"]
        if page["next"] is None:
            return items
        after = int(page["next"])


def ok(answer: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that has to succeed."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str, pointer: str | None = None) -> Resource:
    """The problem document of an answer that has to be refused like this."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem: Resource = answer.json()
    assert problem["code"] == code, problem
    if pointer is not None:
        assert pointer in [error["pointer"] for error in problem["errors"]], problem
    return problem


class Team:
    """A list with one person in each role, and one in none."""

    def __init__(
        self, owner: Person, editor: Person, viewer: Person, stranger: Person, item: Resource
    ) -> None:
        self.owner, self.editor, self.viewer, self.stranger = owner, editor, viewer, stranger
        self.id: str = item["id"]
        self.topic = f"list:{self.id}"

    @classmethod
    async def of(cls, person: PersonFactory) -> "Team":
        """Four fresh people and their list."""
        people = [await person(name) for name in ("Olga", "Emil", "Vera", "Stan")]
        item = await new_list(people[0])
        await share(people[0], item["id"], people[1], "editor")
        await share(people[0], item["id"], people[2], "viewer")
        return cls(people[0], people[1], people[2], people[3], item)
