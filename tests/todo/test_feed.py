"""What other services follow: the log of all lists and members, and the snapshot it begins with."""

from typing import Any

import httpx

from common.servicetoken import make
from tests.support import Person, PersonFactory, Stack
from tests.todo.things import Resource, new_list, new_task, ok, path, refused, share

LOG = "/api/todo/internal/log/lists"
SNAPSHOT = "/api/todo/internal/snapshot/lists"


async def ask(stack: Stack, someone: Person, where: str, **parameters: Any) -> httpx.Response:
    """As another service does."""
    token = make(stack.environment("todo")["TODOLIST_SERVICE_KEY"], "chat", "todo")
    return await someone.get(where, params=parameters, headers={"Authorization": f"Bearer {token}"})


async def head(stack: Stack, someone: Person) -> int:
    """Where the log stands; not from its beginning, which may have been pruned."""
    return int(ok(await ask(stack, someone, SNAPSHOT, limit=1))["seq"])


async def snapshot(stack: Stack, someone: Person) -> dict[str, Resource]:
    """All lists, page by page."""
    items: dict[str, Resource] = {}
    cursor = None
    while True:
        page = ok(await ask(stack, someone, SNAPSHOT, limit=2, **({"cursor": cursor} if cursor else {})))
        items |= {item["id"]: item for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return items


async def test_the_log_of_lists_tells_all_of_lists_and_members_and_nothing_of_tasks(
    stack: Stack, person: PersonFactory
) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    start = await head(stack, alice)
    item = await new_list(alice, "Groceries")
    await new_task(alice, item["id"])
    member = await share(alice, item["id"], bob, "viewer")
    renamed = ok(await alice.patch(path(item["id"]), json={"title": "Food"}))
    assert (await bob.delete(path(item["id"], "members", bob.id))).status_code == 204
    assert (await alice.delete(path(item["id"]))).status_code == 204

    events = ok(await ask(stack, alice, LOG, after=start, limit=200))["items"]
    assert [event["seq"] for event in events] == list(range(start + 1, start + 7))
    assert [(event["kind"], event["resource_id"]) for event in events] == [
        ("list.created", item["id"]),
        ("member.put", alice.id),
        ("member.put", bob.id),
        ("list.updated", item["id"]),
        ("member.removed", bob.id),
        ("list.deleted", item["id"]),
    ]
    data = [event["data"] for event in events]
    assert data[0] == {key: item[key] for key in ("id", "title", "color", "version")}
    assert data[1] == {"list_id": item["id"], "account_id": alice.id, "role": "owner", "version": 1}
    assert data[2] == member
    assert data[3] == data[0] | {"title": "Food", "version": renamed["version"]}
    assert data[4] == {"id": bob.id, "list_id": item["id"], "account_id": bob.id, "version": 5}
    assert data[5] == {"id": item["id"], "version": 6}


async def test_the_snapshot_has_every_list_with_its_members(stack: Stack, person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    lists = [await new_list(alice, f"List {number}") for number in range(3)]
    await share(alice, lists[0]["id"], bob, "editor")
    gone = await new_list(alice)
    assert (await alice.delete(path(gone["id"]))).status_code == 204
    found = await snapshot(stack, alice)
    assert gone["id"] not in found
    owner = {"account_id": alice.id, "role": "owner", "version": 1}
    for item in lists:
        expected = {key: item[key] for key in ("id", "title", "color", "version")}
        members = sorted(found[item["id"]].pop("members"), key=lambda member: int(member["version"]))
        assert found[item["id"]] == expected
        assert members[0] == owner
        assert len(members) == (2 if item is lists[0] else 1)


async def test_only_services_follow(person: PersonFactory) -> None:
    alice = await person("Alice")
    for where in (LOG, SNAPSHOT):
        refused(await alice.get(where), 401, "bad-token")
        refused(await alice.get(where, headers={"Authorization": ""}), 401, "no-token")


async def test_no_other_topic_is_to_be_had_there(stack: Stack, person: PersonFactory) -> None:
    alice = await person("Alice")
    for topic in ("users", "nothing"):
        refused(await ask(stack, alice, f"/api/todo/internal/log/{topic}"), 404, "not-found")
        refused(await ask(stack, alice, f"/api/todo/internal/snapshot/{topic}"), 404, "not-found")


async def test_a_cursor_that_is_none_is_refused(stack: Stack, person: PersonFactory) -> None:
    """As everywhere else, and no error of ours."""
    alice = await person("Alice")
    for cursor in ("nonsense", "WyJ4Il0"):
        refused(await ask(stack, alice, SNAPSHOT, cursor=cursor), 422, "invalid", "cursor")
