"""Tasks: made, shown, changed, ticked, assigned, nested, deleted; each by those who may."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.todo.things import (
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


async def test_a_task_has_every_field_from_the_start(team: Team) -> None:
    answer = await team.editor.post(path(team.id, "tasks"), json={"title": "Milk"})
    task = ok(answer, 201)
    assert task == {
        "id": task["id"],
        "list_id": team.id,
        "parent_id": None,
        "title": "Milk",
        "notes": "",
        "done": False,
        "done_at": None,
        "due": None,
        "priority": 0,
        "labels": [],
        "assignee_ids": [],
        "position": task["position"],
        "version": 4,
    }
    assert answer.headers["etag"] == '"4"'
    assert ok(await team.viewer.get(path(team.id, "tasks", task["id"]))) == task
    assert await tasks_of(team.viewer, team.id) == [task]
    event = (await events_of(team.viewer, team.id))[-1]
    assert (event["kind"], event["seq"], event["actor_id"]) == ("task.created", 4, team.editor.id)
    assert event["data"] == task


async def test_what_is_given_is_kept(team: Team) -> None:
    parent = await new_task(team.editor, team.id)
    given = {
        "title": "買牛奶 🥛",
        "notes": "two litres\n\tcold",
        "parent_id": parent["id"],
        "due": "2027-01-31T23:30:00.25+08:00",
        "priority": 4,
        "labels": ["shop", "青菜", "shop"],
        "assignee_ids": [team.viewer.id, team.owner.id],
    }
    task = await new_task(team.editor, team.id, **given)
    assert task == task | given | {"due": "2027-01-31T15:30:00.250000Z", "labels": ["shop", "青菜"]}
    assert ok(await team.editor.get(path(team.id, "tasks", task["id"]))) == task


async def test_roles_on_tasks(team: Team) -> None:
    task = await new_task(team.owner, team.id)
    one, all_of_them = path(team.id, "tasks", task["id"]), path(team.id, "tasks")
    refused(await team.viewer.post(all_of_them, json={"title": "x"}), 403, "forbidden")
    refused(await team.viewer.patch(one, json={"title": "x"}), 403, "forbidden")
    refused(await team.viewer.delete(one), 403, "forbidden")
    refused(await team.stranger.get(all_of_them), 404, "not-found")
    refused(await team.stranger.get(one), 404, "not-found")
    refused(await team.stranger.post(all_of_them, json={"title": "x"}), 404, "not-found")
    refused(await team.stranger.patch(one, json={"title": "x"}), 404, "not-found")
    refused(await team.stranger.delete(one), 404, "not-found")
    assert await tasks_of(team.viewer, team.id) == [task]


async def test_a_patch_changes_what_it_names_and_null_empties(team: Team) -> None:
    task = await new_task(
        team.editor, team.id, due="2027-01-01T00:00:00Z", priority=2, notes="n", labels=["a"]
    )
    one = path(team.id, "tasks", task["id"])
    changed = ok(await team.editor.patch(one, json={"title": "Oat milk", "due": None, "labels": []}))
    assert changed == task | {"title": "Oat milk", "due": None, "labels": [], "version": task["version"] + 1}
    assert ok(await team.editor.get(one)) == changed
    for field in ("title", "notes", "done", "priority", "labels", "assignee_ids"):
        assert (await team.editor.patch(one, json={field: None})).status_code == 422, field
    assert ok(await team.editor.get(one)) == changed


async def test_a_patch_that_changes_nothing_leaves_no_event(team: Team) -> None:
    task = await new_task(team.editor, team.id, labels=["a", "b"], due="2027-01-01T00:00:00Z")
    one = path(team.id, "tasks", task["id"])
    for body in (
        {},
        {"title": "Milk"},
        {"done": False, "labels": ["a", "b", "a"]},
        {"due": "2027-01-01T01:00:00+01:00"},
    ):
        assert ok(await team.editor.patch(one, json=body)) == task
    assert len(await events_of(team.editor, team.id)) == 4


async def test_ticking_says_when(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    ticked = ok(await team.editor.patch(one, json={"done": True}))
    at = datetime.fromisoformat(ticked["done_at"])
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    again = ok(await team.owner.patch(one, json={"done": True, "title": "Cream"}))
    assert again["done_at"] == ticked["done_at"]
    assert ok(await team.editor.patch(one, json={"done": False}))["done_at"] is None
    assert (await new_task(team.editor, team.id, done=True))["done_at"] is not None
    refused(await team.editor.patch(one, json={"done_at": None}), 422, "unknown-field", "/done_at")


async def test_only_members_are_assigned(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    people = [team.viewer.id, team.stranger.id]
    refused(await team.editor.patch(one, json={"assignee_ids": people}), 422, "invalid", "/assignee_ids/1")
    refused(
        await team.editor.post(path(team.id, "tasks"), json={"title": "x", "assignee_ids": [fresh_id()]}),
        422,
        "invalid",
        "/assignee_ids/0",
    )
    assert ok(await team.editor.patch(one, json={"assignee_ids": people[:1]}))["assignee_ids"] == people[:1]
    await share(team.owner, team.id, team.stranger, "viewer")
    assert ok(await team.editor.patch(one, json={"assignee_ids": people}))["assignee_ids"] == people


async def test_deleting_a_task_empties_what_the_log_says_of_it(team: Team) -> None:
    task = await new_task(team.editor, team.id, "a secret")
    ok(await team.editor.patch(path(team.id, "tasks", task["id"]), json={"notes": "more of it"}))
    assert (await team.editor.delete(path(team.id, "tasks", task["id"]))).status_code == 204
    refused(await team.editor.get(path(team.id, "tasks", task["id"])), 404, "not-found")
    refused(
        await team.editor.patch(path(team.id, "tasks", task["id"]), json={"title": "x"}), 404, "not-found"
    )
    refused(await team.editor.delete(path(team.id, "tasks", task["id"])), 404, "not-found")
    assert await tasks_of(team.editor, team.id) == []
    events = await events_of(team.editor, team.id, after=3)
    assert [event["kind"] for event in events] == ["task.created", "task.updated", "task.deleted"]
    assert [event["data"] for event in events] == [
        {"id": task["id"], "version": event["seq"]} for event in events
    ]


async def test_a_parent_takes_its_subtasks_along(team: Team) -> None:
    parent = await new_task(team.editor, team.id, "parent")
    child = await new_task(team.editor, team.id, "child", parent_id=parent["id"])
    grandchild = await new_task(
        team.editor, team.id, "grandchild", parent_id=child["id"], assignee_ids=[team.owner.id]
    )
    other = await new_task(team.editor, team.id, "other")
    assert (await team.editor.delete(path(team.id, "tasks", parent["id"]))).status_code == 204
    assert await tasks_of(team.editor, team.id) == [other]
    gone = await events_of(team.editor, team.id, after=other["version"])
    assert [event["resource_id"] for event in gone] == [grandchild["id"], child["id"], parent["id"]]
    assert {event["kind"] for event in gone} == {"task.deleted"}


async def test_a_parent_is_another_task_of_the_same_list_and_no_subtask(team: Team) -> None:
    parent = await new_task(team.editor, team.id, "parent")
    child = await new_task(team.editor, team.id, "child", parent_id=parent["id"])
    grandchild = await new_task(team.editor, team.id, "grandchild", parent_id=child["id"])
    one = path(team.id, "tasks", parent["id"])
    for below in (parent, child, grandchild):
        problem = refused(
            await team.editor.patch(one, json={"parent_id": below["id"]}), 422, "invalid", "/parent_id"
        )
        assert problem["errors"][0]["code"] == "cycle"
    elsewhere = await new_task(team.owner, (await new_list(team.owner))["id"], "elsewhere")
    for unknown in (elsewhere["id"], fresh_id()):
        for answer in (
            await team.editor.patch(one, json={"parent_id": unknown}),
            await team.editor.post(path(team.id, "tasks"), json={"title": "x", "parent_id": unknown}),
        ):
            assert refused(answer, 422, "invalid", "/parent_id")["errors"][0]["code"] == "unknown-task"
    moved = ok(await team.editor.patch(path(team.id, "tasks", grandchild["id"]), json={"parent_id": None}))
    assert moved["parent_id"] is None
    ok(await team.editor.patch(one, json={"parent_id": grandchild["id"]}))


async def test_tasks_lie_at_most_so_deep(team: Team) -> None:
    deepest = await new_task(team.editor, team.id)
    for _ in range(31):
        deepest = await new_task(team.editor, team.id, parent_id=deepest["id"])
    answer = await team.editor.post(path(team.id, "tasks"), json={"title": "x", "parent_id": deepest["id"]})
    assert refused(answer, 422, "invalid", "/parent_id")["errors"][0]["code"] == "too-deep"
    pair = await new_task(team.editor, team.id)
    await new_task(team.editor, team.id, parent_id=pair["id"])
    target = path(team.id, "tasks", pair["id"])
    refused(
        await team.editor.patch(target, json={"parent_id": deepest["parent_id"]}),
        422,
        "invalid",
        "/parent_id",
    )
