"""The order of a list's tasks: always that of a plain list to which the same was done."""

import asyncio
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.todo.things import (
    Resource,
    Team,
    events_of,
    fresh_id,
    new_list,
    new_task,
    ok,
    path,
    refused,
    tasks_of,
)

pytestmark = pytest.mark.system


async def titles(team: Team, list_id: str | None = None) -> list[str]:
    """The titles of the tasks in their order, and that the order is that of the positions' bytes."""
    tasks = await tasks_of(team.owner, list_id or team.id)
    positions = [task["position"].encode("ascii") for task in tasks]
    assert positions == sorted(set(positions))
    return [task["title"] for task in tasks]


async def test_where_a_new_task_goes(team: Team) -> None:
    a = await new_task(team.editor, team.id, "a")
    await new_task(team.editor, team.id, "b")
    await new_task(team.editor, team.id, "first", after_id=None)
    await new_task(team.editor, team.id, "after a", after_id=a["id"])
    assert await titles(team) == ["first", "a", "after a", "b"]


async def test_moving(team: Team) -> None:
    a, b, c = [await new_task(team.editor, team.id, title) for title in "abc"]

    async def move(task: Resource, after: Resource | None) -> list[str]:
        target = path(team.id, "tasks", task["id"])
        ok(await team.editor.patch(target, json={"after_id": after and after["id"]}))
        return await titles(team)

    assert await move(c, None) == ["c", "a", "b"]
    assert await move(c, a) == ["a", "c", "b"]
    assert await move(a, b) == ["c", "b", "a"]
    before = await events_of(team.editor, team.id)
    assert await move(c, None) == ["c", "b", "a"]  # it stands there already
    assert await move(a, b) == ["c", "b", "a"]
    assert await events_of(team.editor, team.id) == before


async def test_a_move_is_an_event_of_the_task_alone(team: Team) -> None:
    a, b = [await new_task(team.editor, team.id, title) for title in "ab"]
    moved = ok(
        await team.editor.patch(path(team.id, "tasks", b["id"]), json={"after_id": None, "title": "B"})
    )
    assert moved == b | {"title": "B", "position": moved["position"], "version": b["version"] + 1}
    (event,) = await events_of(team.editor, team.id, after=b["version"])
    assert (event["kind"], event["data"]) == ("task.updated", moved)
    assert moved["position"] < a["position"]


async def test_a_task_follows_another_of_its_list(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    deleted = await new_task(team.editor, team.id)
    assert (await team.editor.delete(path(team.id, "tasks", deleted["id"]))).status_code == 204
    elsewhere = await new_task(team.owner, (await new_list(team.owner))["id"])
    for unknown in (fresh_id(), deleted["id"], elsewhere["id"], task["id"]):
        answer = await team.editor.patch(path(team.id, "tasks", task["id"]), json={"after_id": unknown})
        assert refused(answer, 422, "invalid", "/after_id")["errors"][0]["code"] == "unknown-task"
    answer = await team.editor.post(path(team.id, "tasks"), json={"title": "x", "after_id": fresh_id()})
    refused(answer, 422, "invalid", "/after_id")
    refused(
        await team.editor.patch(path(team.id, "tasks", task["id"]), json={"position": "a"}),
        422,
        "unknown-field",
    )


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(st.tuples(st.integers(0, 99), st.integers(-1, 99)), max_size=15), size=st.integers(1, 6)
)
async def test_any_moves_leave_the_order_of_a_plain_list(
    team: Team, moves: list[tuple[int, int]], size: int
) -> None:
    item = await new_list(team.owner)
    model = [await new_task(team.owner, item["id"], f"Task {number}") for number in range(size)]
    for which, where in moves:
        task = model[which % len(model)]
        rest = [other for other in model if other is not task]
        at = min(where + 1, len(rest))
        after = rest[at - 1]["id"] if at > 0 else None
        ok(await team.owner.patch(path(item["id"], "tasks", task["id"]), json={"after_id": after}))
        model = [*rest[:at], task, *rest[at:]]
    assert await titles(team, item["id"]) == [task["title"] for task in model]


async def test_inserting_at_one_place_for_ever_moves_the_neighbours_apart(team: Team) -> None:
    first = await new_task(team.editor, team.id, "first")
    last = await new_task(team.editor, team.id, "last")
    for batch in range(8):
        titled = (f"{batch}.{number}" for number in range(50))
        await asyncio.gather(*(new_task(team.editor, team.id, t, after_id=first["id"]) for t in titled))

    events = await events_of(team.editor, team.id, after=last["version"])
    assert [event["seq"] for event in events] == list(range(last["version"] + 1, events[-1]["seq"] + 1))
    made = [event["data"]["title"] for event in events if event["kind"] == "task.created"]
    assert await titles(team) == ["first", *reversed(made), "last"]
    assert max(len(event["data"]["position"]) for event in events) <= 64
    moved = [event for event in events if event["kind"] == "task.updated"]
    assert 0 < len(moved) < len(made)
    known: dict[str, Resource] = {first["id"]: first, last["id"]: last}
    for event in events:
        known[event["resource_id"]] = event["data"]
    replayed = sorted(known.values(), key=lambda task: (task["position"].encode(), task["id"]))
    assert replayed == await tasks_of(team.viewer, team.id)


async def test_many_people_insert_and_move_at_once(team: Team) -> None:
    anchor = await new_task(team.editor, team.id, "anchor")
    tasks = [await new_task(team.editor, team.id, f"Task {number}") for number in range(8)]
    chance = random.Random(7)

    async def someone(number: int) -> None:
        for turn in range(6):
            who = chance.choice([team.owner, team.editor])
            if turn % 2:
                task = chance.choice(tasks)
                after = chance.choice([None, anchor["id"]])
                ok(await who.patch(path(team.id, "tasks", task["id"]), json={"after_id": after}))
            else:
                await new_task(who, team.id, f"{number}.{turn}", after_id=anchor["id"])

    await asyncio.gather(*(someone(number) for number in range(8)))
    found = await titles(team)
    assert len(found) == 1 + 8 + 8 * 3
    events = await events_of(team.editor, team.id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


async def test_everybody_adds_at_the_end_at_once(team: Team) -> None:
    await asyncio.gather(*(new_task(team.editor, team.id, f"{number}") for number in range(40)))
    in_log = [event["data"]["title"] for event in await events_of(team.editor, team.id, after=3)]
    assert await titles(team) == in_log
