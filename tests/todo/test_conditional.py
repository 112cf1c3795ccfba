"""Conditional requests: reads that send nothing, and writes of which one wins."""

import asyncio

import pytest

from tests.support import Stack
from tests.todo.things import Team, events_of, new_task, ok, path, refused, tasks_of

pytestmark = pytest.mark.system


async def test_a_write_names_the_version_it_changes(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    answer = await team.editor.patch(
        one, json={"title": "Eggs"}, headers={"If-Match": f'"{task["version"]}"'}
    )
    changed = ok(answer)
    assert answer.headers["etag"] == f'"{changed["version"]}"'
    for stale in (f'"{task["version"]}"', f'W/"{task["version"]}"', '"999"', '"x"', ""):
        answer = await team.editor.patch(one, json={"title": "Ham"}, headers={"If-Match": stale})
        assert refused(answer, 412, "version-conflict")["current"] == changed
        assert answer.headers["etag"] == f'"{changed["version"]}"'
        refused(await team.editor.delete(one, headers={"If-Match": stale}), 412, "version-conflict")
    for current in (f'W/"{changed["version"]}"', f'"1", "{changed["version"]}"', "*"):
        ok(await team.editor.patch(one, json={"title": "Eggs"}, headers={"If-Match": current}))
    assert (await team.editor.delete(one, headers={"If-Match": f'"{changed["version"]}"'})).status_code == 204


async def test_a_list_is_changed_in_the_version_that_was_seen(team: Team) -> None:
    one = path(team.id)
    changed = ok(await team.editor.patch(one, json={"title": "Food"}, headers={"If-Match": '"1"'}))
    answer = await team.owner.patch(one, json={"title": "Drinks"}, headers={"If-Match": '"1"'})
    assert refused(answer, 412, "version-conflict")["current"] == changed | {"my_role": "owner"}
    refused(await team.owner.delete(one, headers={"If-Match": '"1"'}), 412, "version-conflict")
    assert (await team.owner.delete(one, headers={"If-Match": f'"{changed["version"]}"'})).status_code == 204


async def test_the_right_to_write_comes_before_the_version(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    stale = {"If-Match": '"1"'}
    refused(await team.viewer.patch(one, json={"title": "x"}, headers=stale), 403, "forbidden")
    refused(await team.stranger.patch(one, json={"title": "x"}, headers=stale), 404, "not-found")


async def test_one_of_many_wins_a_race(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    stale = {"If-Match": f'"{task["version"]}"'}
    answers = await asyncio.gather(
        *(team.editor.patch(one, json={"title": f"Title {n}"}, headers=stale) for n in range(20))
    )
    won = [answer.json() for answer in answers if answer.status_code == 200]
    lost = [refused(answer, 412, "version-conflict") for answer in answers if answer.status_code != 200]
    assert len(won) == 1
    assert len(lost) == 19
    assert all(problem["current"] == won[0] for problem in lost)
    assert ok(await team.editor.get(one)) == won[0]
    assert len(await events_of(team.editor, team.id, after=task["version"])) == 1


async def test_without_if_match_the_fields_given_win(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    one = path(team.id, "tasks", task["id"])
    await asyncio.gather(
        *(team.editor.patch(one, json={"notes": f"Note {n}"}) for n in range(5)),
        *(team.owner.patch(one, json={"title": f"Title {n}"}) for n in range(5)),
        team.owner.patch(one, json={"priority": 3}),
    )
    found = ok(await team.editor.get(one))
    assert (found["notes"][:4], found["title"][:5], found["priority"]) == ("Note", "Title", 3)
    events = await events_of(team.editor, team.id, after=task["version"])
    assert [event["seq"] for event in events] == list(range(task["version"] + 1, task["version"] + 12))


async def test_what_is_known_is_not_sent(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    for known in (path(team.id, "tasks", task["id"]), path(team.id, "tasks"), path(team.id, "members")):
        answer = await team.viewer.get(known)
        tag = answer.headers["etag"]
        for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = await team.viewer.get(known, headers={"If-None-Match": header})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        ok(await team.viewer.get(known, headers={"If-None-Match": '"x"'}))
        await new_task(team.editor, team.id, "Eggs")
        ok(await team.editor.patch(path(team.id, "tasks", task["id"]), json={"title": known}))
        ok(await team.viewer.get(known, headers={"If-None-Match": tag}))


async def test_the_owner_of_a_list_need_not_load_it_twice(team: Team) -> None:
    tag = (await team.owner.get(path(team.id))).headers["etag"]
    assert (await team.owner.get(path(team.id), headers={"If-None-Match": tag})).status_code == 304


async def test_a_tag_speaks_of_one_page(team: Team) -> None:
    for title in "abc":
        await new_task(team.editor, team.id, title)
    tasks = path(team.id, "tasks")
    tag = (await team.viewer.get(tasks, params={"limit": "1"})).headers["etag"]
    ok(await team.viewer.get(tasks, params={"limit": "2"}, headers={"If-None-Match": tag}))


async def test_who_was_removed_is_told_nothing_for_a_tag_they_hold(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    known = [
        path(team.id),
        path(team.id, "tasks"),
        path(team.id, "members"),
        path(team.id, "tasks", task["id"]),
    ]
    tags = [(await team.viewer.get(one)).headers["etag"] for one in known]
    assert (await team.owner.delete(path(team.id, "members", team.viewer.id))).status_code == 204
    for one, tag in zip(known, tags, strict=True):
        refused(await team.viewer.get(one, headers={"If-None-Match": tag}), 404, "not-found")


async def test_pages_of_every_replica_are_the_newest(team: Team, stack: Stack) -> None:
    replica = stack.replica("todo")
    try:
        for number in range(8):
            task = await new_task(team.editor, team.id, f"Task {number}")
            address = f"http://127.0.0.1:{replica.port}{path(team.id, 'tasks')}"
            headers = {"Authorization": f"Bearer {team.viewer.token}"}
            elsewhere = (await team.viewer.client.get(address, headers=headers)).json()
            assert elsewhere["items"][-1] == task
            assert elsewhere["items"] == await tasks_of(team.viewer, team.id)
    finally:
        replica.kill()
