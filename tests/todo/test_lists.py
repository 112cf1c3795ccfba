"""Lists: made, shown, renamed, deleted; each by those who may."""

import pytest

from tests.support import PersonFactory
from tests.todo.things import LISTS, Team, events_of, fresh_id, new_list, new_task, ok, path, refused

pytestmark = pytest.mark.system


async def test_a_new_list_is_its_makers_own(person: PersonFactory) -> None:
    alice = await person("Alice")
    answer = await alice.post(LISTS, json={"title": "Groceries", "color": "#00ff7f"})
    item = ok(answer, 201)
    assert item == {
        "id": item["id"],
        "title": "Groceries",
        "color": "#00ff7f",
        "version": 1,
        "my_role": "owner",
    }
    assert answer.headers["etag"] == '"1"'
    assert ok(await alice.get(path(item["id"]))) == item
    members = ok(await alice.get(path(item["id"], "members")))
    assert members["items"] == [
        {"list_id": item["id"], "account_id": alice.id, "role": "owner", "version": 1}
    ]
    assert members["seq"] == 1


async def test_my_lists_come_in_pages_with_my_role_in_each(team: Team) -> None:
    mine = [await new_list(team.viewer, f"List {number}") for number in range(5)]
    expected = sorted([*(item["id"] for item in mine), team.id])

    found, cursor, sizes = [], None, []
    while True:
        page = ok(
            await team.viewer.get(LISTS, params={"limit": "2"} | ({"cursor": cursor} if cursor else {}))
        )
        found += page["items"]
        sizes.append(len(page["items"]))
        cursor = page["next"]
        if cursor is None:
            break
    assert [item["id"] for item in found] == expected
    assert sizes == [2, 2, 2]
    assert {item["id"]: item["my_role"] for item in found}[team.id] == "viewer"
    assert ok(await team.stranger.get(LISTS))["items"] == []


async def test_the_page_of_lists_can_be_followed_from_its_place(person: PersonFactory) -> None:
    alice = await person("Alice")
    page = ok(await alice.get(LISTS))
    assert page["seq"] == 0
    item = await new_list(alice)
    async with alice.live("todo") as socket:
        answer = await socket.subscribe(f"user:{alice.id}", after=page["seq"], epoch=page["epoch"])
        assert answer["recovered"] is True
        event = await socket.frame(op="event", kind="list.added")
        assert event["data"] == {key: item[key] for key in ("id", "title", "color", "version")}


async def test_a_renamed_list_is_not_answered_as_unmodified(person: PersonFactory) -> None:
    alice = await person("Alice")
    item = await new_list(alice)
    tag = (await alice.get(LISTS)).headers["etag"]
    assert (await alice.get(LISTS, headers={"If-None-Match": tag})).status_code == 304
    ok(await alice.patch(path(item["id"]), json={"title": "Other"}))
    answer = await alice.get(LISTS, headers={"If-None-Match": tag})
    assert ok(answer)["items"][0]["title"] == "Other"


async def test_editors_rename_and_viewers_do_not(team: Team) -> None:
    renamed = ok(await team.editor.patch(path(team.id), json={"title": "Food"}))
    assert renamed["title"] == "Food"
    assert renamed["my_role"] == "editor"
    assert renamed["version"] == 4  # the log began with three members
    refused(await team.viewer.patch(path(team.id), json={"title": "Mine"}), 403, "forbidden")
    refused(await team.stranger.patch(path(team.id), json={"title": "Mine"}), 404, "not-found")
    assert ok(await team.viewer.get(path(team.id)))["title"] == "Food"
    last = (await events_of(team.viewer, team.id))[-1]
    assert (last["kind"], last["seq"], last["actor_id"]) == ("list.updated", 4, team.editor.id)
    assert "my_role" not in last["data"]


async def test_a_change_that_changes_nothing_leaves_no_event(team: Team) -> None:
    before = ok(await team.owner.get(path(team.id)))
    assert ok(await team.owner.patch(path(team.id), json={"title": before["title"]})) == before
    assert ok(await team.owner.patch(path(team.id), json={})) == before
    assert len(await events_of(team.owner, team.id)) == 3


async def test_only_owners_delete_and_then_it_is_gone_for_all(team: Team) -> None:
    task = await new_task(team.editor, team.id)
    refused(await team.viewer.delete(path(team.id)), 403, "forbidden")
    refused(await team.editor.delete(path(team.id)), 403, "forbidden")
    refused(await team.stranger.delete(path(team.id)), 404, "not-found")
    assert (await team.owner.delete(path(team.id))).status_code == 204
    for someone in (team.owner, team.editor, team.viewer):
        for gone in (
            path(team.id),
            path(team.id, "members"),
            path(team.id, "tasks"),
            path(team.id, "events"),
        ):
            refused(await someone.get(gone), 404, "not-found")
        refused(await someone.get(path(team.id, "tasks", task["id"])), 404, "not-found")
        assert ok(await someone.get(LISTS))["items"] == []
        assert ok(await someone.get("/api/todo/tasks"))["items"] == []
    refused(await team.owner.delete(path(team.id)), 404, "not-found")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_list_that_never_was_looks_like_one_of_others(team: Team, method: str) -> None:
    body = {"title": "x"} if method == "PATCH" else None
    answers = [await team.stranger.request(method, path(some), json=body) for some in (team.id, fresh_id())]
    foreign, unknown = ({**refused(answer, 404, "not-found"), "request_id": None} for answer in answers)
    assert foreign == unknown


@pytest.mark.parametrize(
    "params", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "WyJ4Il0"}]
)
async def test_pages_that_cannot_be(person: PersonFactory, params: dict[str, str]) -> None:
    alice = await person("Alice")
    item = await new_list(alice)
    for collection in (LISTS, path(item["id"], "members"), path(item["id"], "tasks"), "/api/todo/tasks"):
        assert (await alice.get(collection, params=params)).status_code == 422, collection
