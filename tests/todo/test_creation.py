"""Creations with an id of the client's: sent again they are answered, not repeated."""

import asyncio

import pytest

from tests.support import Person, PersonFactory
from tests.todo.things import (
    LISTS,
    Team,
    events_of,
    fresh_id,
    new_list,
    new_task,
    ok,
    path,
    refused,
    share,
    tasks_of,
)

pytestmark = pytest.mark.system


async def test_the_same_list_again_is_the_list_as_it_is_now(person: PersonFactory) -> None:
    alice = await person("Alice")
    body = {"id": fresh_id(), "title": "Groceries"}
    made = ok(await alice.post(LISTS, json=body), 201)
    assert made["id"] == body["id"]
    again = await alice.post(LISTS, json=body)
    assert ok(again, 200) == made
    assert again.headers["etag"] == '"1"'
    renamed = ok(await alice.patch(path(body["id"]), json={"title": "Food"}))
    assert ok(await alice.post(LISTS, json=body), 200) == renamed
    assert len(await events_of(alice, body["id"])) == 2


async def test_another_list_with_a_taken_id(person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    body = {"id": fresh_id(), "title": "Groceries"}
    ok(await alice.post(LISTS, json=body), 201)
    refused(await alice.post(LISTS, json=body | {"title": "Other"}), 409, "id-conflict")
    refused(await alice.post(LISTS, json=body | {"color": "#3b82f6"}), 409, "id-conflict")
    refused(await bob.post(LISTS, json=body), 409, "id-conflict")
    assert ok(await bob.get(LISTS))["items"] == []


async def test_a_deleted_list_is_not_made_again(person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    body = {"id": fresh_id(), "title": "Groceries"}
    ok(await alice.post(LISTS, json=body), 201)
    assert (await alice.delete(path(body["id"]))).status_code == 204
    refused(await alice.post(LISTS, json=body), 410, "gone")
    refused(await alice.post(LISTS, json=body | {"title": "Other"}), 409, "id-conflict")
    refused(await bob.post(LISTS, json=body), 409, "id-conflict")


async def test_a_creator_who_was_removed_does_not_see_the_list_by_making_it_again(
    person: PersonFactory,
) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    body = {"id": fresh_id(), "title": "Groceries"}
    ok(await alice.post(LISTS, json=body), 201)
    await share(alice, body["id"], bob, "owner")
    assert (await bob.delete(path(body["id"], "members", alice.id))).status_code == 204
    refused(await alice.post(LISTS, json=body), 404, "not-found")


async def test_the_same_task_again_is_the_task_as_it_is_now(team: Team) -> None:
    after = await new_task(team.editor, team.id, "After this")
    body = {"id": fresh_id(), "title": "Milk", "after_id": after["id"]}
    tasks = path(team.id, "tasks")
    made = ok(await team.editor.post(tasks, json=body), 201)
    assert ok(await team.editor.post(tasks, json=body), 200) == made
    ticked = ok(await team.owner.patch(path(team.id, "tasks", body["id"]), json={"done": True}))
    assert (await team.editor.delete(path(team.id, "tasks", after["id"]))).status_code == 204
    again = await team.editor.post(tasks, json=body)  # although what it was to follow is gone
    assert ok(again, 200) == ticked
    assert again.headers["etag"] == f'"{ticked["version"]}"'
    assert await tasks_of(team.editor, team.id) == [ticked]


async def test_another_task_with_a_taken_id(team: Team) -> None:
    body = {"id": fresh_id(), "title": "Milk"}
    tasks = path(team.id, "tasks")
    ok(await team.editor.post(tasks, json=body), 201)
    refused(await team.editor.post(tasks, json=body | {"title": "Eggs"}), 409, "id-conflict")
    refused(await team.owner.post(tasks, json=body), 409, "id-conflict")
    refused(await team.viewer.post(tasks, json=body), 403, "forbidden")
    other = await new_list(team.editor)  # ids are unique within their list
    ok(await team.editor.post(path(other["id"], "tasks"), json=body), 201)


async def test_a_deleted_task_is_not_made_again(team: Team) -> None:
    body = {"id": fresh_id(), "title": "Milk"}
    tasks = path(team.id, "tasks")
    ok(await team.editor.post(tasks, json=body), 201)
    assert (await team.editor.delete(path(team.id, "tasks", body["id"]))).status_code == 204
    refused(await team.editor.post(tasks, json=body), 410, "gone")
    refused(await team.editor.post(tasks, json=body | {"title": "Eggs"}), 409, "id-conflict")
    assert await tasks_of(team.editor, team.id) == []


async def test_ids_are_chosen_in_one_version(team: Team) -> None:
    for wrong in ("6a0a6f3e-93b5-4f5e-8f0a-2b8a5c7a1d11", "x", 7, fresh_id() + "0"):
        assert (await team.owner.post(LISTS, json={"id": wrong, "title": "x"})).status_code == 422
        answer = await team.owner.post(path(team.id, "tasks"), json={"id": wrong, "title": "x"})
        assert refused(answer, 422, "invalid", "/id")


async def test_twenty_clients_make_one_list(person: PersonFactory) -> None:
    alice = await person("Alice")
    body = {"id": fresh_id(), "title": "Groceries"}
    answers = await asyncio.gather(*(alice.post(LISTS, json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert len(await events_of(alice, body["id"])) == 1
    assert [item["id"] for item in ok(await alice.get(LISTS))["items"]] == [body["id"]]


async def test_twenty_clients_make_one_task_and_others_do_not(team: Team) -> None:
    body = {"id": fresh_id(), "title": "Milk"}

    async def make(someone: Person) -> int:
        return (await someone.post(path(team.id, "tasks"), json=body)).status_code

    both = [team.editor, team.owner] * 10
    statuses = await asyncio.gather(*(make(someone) for someone in both))
    assert sorted(statuses) == [200] * 9 + [201] + [409] * 10
    assert len(await tasks_of(team.editor, team.id)) == 1
