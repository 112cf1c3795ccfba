"""Tasks that are made in the same moment, and pages by their two ways."""

import asyncio

import pytest

from tests.support import PersonFactory
from tests.todo.things import Team, events_of, fresh_id, new_list, new_task, ok, path, tasks_of

pytestmark = pytest.mark.system


async def test_tasks_of_one_moment_each_have_a_place(team: Team) -> None:
    """At the end, behind another, below another, refused: what one of them is leaves the others alone."""
    anchor = await new_task(team.editor, team.id, "Anchor")
    last = await new_task(team.editor, team.id, "Last")
    tasks = path(team.id, "tasks")
    bodies = [
        {"title": "end"},
        {"title": "behind", "after_id": anchor["id"]},
        {"title": "child", "parent_id": anchor["id"]},
        {"title": "orphan", "parent_id": fresh_id()},
        {"title": "stranger", "assignee_ids": [team.stranger.id]},
        {"title": "mine", "assignee_ids": [team.editor.id]},
    ]
    before = len(await events_of(team.editor, team.id))
    asked = [(team.editor, body) for body in bodies * 5] + [(team.viewer, {"title": "no"})] * 5
    answers = await asyncio.gather(*(person.post(tasks, json=body) for person, body in asked))
    statuses = [answer.status_code for answer in answers]
    assert statuses == [201, 201, 201, 422, 422, 201] * 5 + [403] * 5
    kept = await tasks_of(team.editor, team.id)
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert sorted(task["id"] for task in kept) == sorted([*made, anchor["id"], last["id"]])
    assert len({task["position"] for task in kept}) == len(kept)
    titles = [task["title"] for task in kept]
    assert titles[:6] == ["Anchor", *["behind"] * 5]
    assert titles.index("Last") == 6
    events = await events_of(team.editor, team.id)
    assert len(events) == before + 20
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


async def test_the_same_creation_many_times_at_once_makes_one_task(team: Team) -> None:
    body = {"id": fresh_id(), "title": "Milk"}
    other = {"id": body["id"], "title": "Bread"}
    tasks = path(team.id, "tasks")
    answers = await asyncio.gather(*(team.editor.post(tasks, json=each) for each in [body, other] * 10))
    (kept,) = await tasks_of(team.editor, team.id)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 9 + [201] + [409] * 10
    assert all(answer.json() == kept for answer in answers if answer.status_code < 300)


async def test_tasks_of_one_moment_in_many_lists(person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    lists = [(await new_list(alice, str(number)))["id"] for number in range(8)]
    asked = [(who, list_id) for list_id in lists for who in (alice, bob, alice)]
    answers = await asyncio.gather(
        *(who.post(path(list_id, "tasks"), json={"title": "x"}) for who, list_id in asked)
    )
    assert [answer.status_code for answer in answers] == [201, 404, 201] * 8
    for list_id in lists:
        assert len(await tasks_of(alice, list_id)) == 2
        assert [event["seq"] for event in await events_of(alice, list_id)] == [1, 2, 3]


async def test_both_ways_to_a_page_give_the_same(team: Team) -> None:
    """The short one is for who asks for nothing in particular; everything else takes FastAPI's."""
    for number in range(60):
        await new_task(team.editor, team.id, str(number))
    tasks = path(team.id, "tasks")
    for reader in (team.owner, team.viewer):
        short, ordinary = await reader.get(tasks), await reader.get(tasks, params={"limit": "050"})
        assert ok(short) == ok(ordinary) == ok(await reader.get(tasks, params={"limit": "50"}))
        assert len(ok(await reader.get(tasks, params={"limit": "60"}))["items"]) == 60
        for wrong in ("0", "201", "-1", "x"):
            assert (await reader.get(tasks, params={"limit": wrong})).status_code == 422
        assert len(ok(short)["items"]) == 50
        tag = short.headers["etag"]
        assert (await reader.get(tasks, headers={"If-None-Match": tag})).status_code == 304
        assert ok(await reader.get(tasks)) == ok(short)
    assert (await team.stranger.get(tasks)).status_code == 404
    before = ok(await team.viewer.get(tasks))
    await new_task(team.editor, team.id, "new")
    assert ok(await team.viewer.get(tasks))["seq"] == before["seq"] + 1
    removed = await team.owner.delete(path(team.id, "members", team.viewer.id))
    assert removed.status_code == 204
    assert (await team.viewer.get(tasks, headers={"If-None-Match": "*"})).status_code == 404
