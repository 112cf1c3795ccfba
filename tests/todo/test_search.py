"""Tasks across my lists: what is due, mine, labelled, named; and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import Person
from tests.todo.things import Team, new_list, new_task, ok, path, refused

pytestmark = pytest.mark.system

SEARCH = "/api/todo/tasks"


async def found(person: Person, **parameters: Any) -> list[str]:
    """The titles of all tasks that answer."""
    titles: list[str] = []
    cursor = None
    while True:
        page = ok(await person.get(SEARCH, params=parameters | ({"cursor": cursor} if cursor else {})))
        titles += [task["title"] for task in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return titles


async def test_only_my_lists_are_searched(team: Team) -> None:
    mine = await new_list(team.viewer)
    await new_task(team.viewer, mine["id"], "in my own")
    await new_task(team.editor, team.id, "in the shared one")
    await new_task(team.stranger, (await new_list(team.stranger))["id"], "in a stranger's")
    assert sorted(await found(team.viewer)) == ["in my own", "in the shared one"]
    assert await found(team.viewer, q="stranger") == []
    assert (await team.owner.delete(path(team.id, "members", team.viewer.id))).status_code == 204
    assert await found(team.viewer) == ["in my own"]


async def test_list_by_list_in_their_order_page_by_page(team: Team) -> None:
    expected = []
    lists = sorted([team.id, *[(await new_list(team.owner))["id"] for _ in range(2)]])
    for list_id in lists:
        first = await new_task(team.owner, list_id, f"{list_id} b")
        await new_task(team.owner, list_id, f"{list_id} a", after_id=None)
        gone = await new_task(team.owner, list_id, "gone", after_id=first["id"])
        await new_task(team.owner, list_id, f"{list_id} c")
        assert (await team.owner.delete(path(list_id, "tasks", gone["id"]))).status_code == 204
        expected += [f"{list_id} {letter}" for letter in "abc"]
    assert await found(team.owner) == expected
    for limit in (1, 2, 4, 9):
        assert await found(team.owner, limit=limit) == expected


async def test_what_is_due(team: Team) -> None:
    moment = datetime.now(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for title, due in {
        "yesterday": midnight - timedelta(hours=1),
        "today": midnight + timedelta(hours=23, minutes=59),
        "in six days": midnight + timedelta(days=6, hours=1),
        "in seven days": midnight + timedelta(days=7),
        "someday": None,
    }.items():
        await new_task(team.editor, team.id, title, due=due and due.isoformat())
    await new_task(team.editor, team.id, "late but done", due="2020-02-29T12:00:00Z", done=True)
    assert await found(team.viewer, due="today") == ["today"]
    assert await found(team.viewer, due="week") == ["today", "in six days"]
    assert await found(team.viewer, due="none") == ["someday"]
    assert await found(team.viewer, due="overdue") == ["yesterday"]
    assert await found(team.viewer, due="overdue", done="true") == ["late but done"]
    assert await found(team.viewer, due="2020-02-29") == ["late but done"]
    assert await found(team.viewer, due="2020-03-01", tz="Pacific/Kiritimati") == ["late but done"]


async def test_what_is_mine_or_anothers(team: Team) -> None:
    await new_task(team.editor, team.id, "nobody's")
    await new_task(team.editor, team.id, "the viewer's", assignee_ids=[team.viewer.id])
    await new_task(team.editor, team.id, "both", assignee_ids=[team.owner.id, team.viewer.id])
    assert await found(team.viewer, assignee="me") == ["the viewer's", "both"]
    assert await found(team.viewer, assignee=team.owner.id) == ["both"]
    assert await found(team.viewer, assignee=team.stranger.id) == []


async def test_labels_are_exact(team: Team) -> None:
    tricky = ['say "hi"', "back\\slash", "100%", "a_b", "café", "家"]
    for label in tricky:
        await new_task(team.editor, team.id, label, labels=[label, "all"])
    for label in tricky:
        assert await found(team.viewer, label=label) == [label]
    assert await found(team.viewer, label="al") == []
    assert await found(team.viewer, label="All") == []
    assert len(await found(team.viewer, label="all")) == len(tricky)


async def test_words_are_found_in_title_and_notes_whatever_their_case(team: Team) -> None:
    await new_task(team.editor, team.id, "Buy MILK")
    await new_task(team.editor, team.id, "Tea", notes="with milk")
    await new_task(team.editor, team.id, "買牛奶")
    await new_task(team.editor, team.id, "100% a_b \\ c")
    assert await found(team.viewer, q="milk") == ["Buy MILK", "Tea"]
    assert await found(team.viewer, q="牛奶") == ["買牛奶"]
    for literal in ("0% a", "a_b", "\\ c"):
        assert await found(team.viewer, q=literal) == ["100% a_b \\ c"]
    assert await found(team.viewer, q="a%b") == []
    assert await found(team.viewer, q="' OR 1=1 --") == []


async def test_conditions_add_up(team: Team) -> None:
    await new_task(team.editor, team.id, "a", labels=["x"], done=True, assignee_ids=[team.viewer.id])
    await new_task(team.editor, team.id, "b", labels=["x"], assignee_ids=[team.viewer.id])
    await new_task(team.editor, team.id, "c", labels=["x"])
    assert await found(team.viewer, label="x", done="false", assignee="me") == ["b"]
    assert await found(team.viewer, done="true") == ["a"]


async def test_nothing_is_sent_twice(team: Team) -> None:
    await new_task(team.editor, team.id)
    tag = (await team.viewer.get(SEARCH)).headers["etag"]
    assert (await team.viewer.get(SEARCH, headers={"If-None-Match": tag})).status_code == 304
    await new_task(team.editor, team.id)
    ok(await team.viewer.get(SEARCH, headers={"If-None-Match": tag}))


@pytest.mark.parametrize(
    "parameters",
    [
        {"due": "soon"},
        {"due": "2026-02-30"},
        {"tz": "Mars/Olympus"},
        {"assignee": "you"},
        {"done": "maybe"},
        {"q": "x" * 201},
        {"label": "x" * 41},
        {"cursor": "W10"},
    ],
)
async def test_questions_that_cannot_be(team: Team, parameters: dict[str, str]) -> None:
    problem = refused(await team.viewer.get(SEARCH, params=parameters), 422, "invalid")
    assert problem["errors"][0]["pointer"] in parameters
