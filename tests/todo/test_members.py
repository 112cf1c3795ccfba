"""Sharing: who may give and take roles, the last owner, leaving, and what happens to assignments."""

import pytest

from tests.support import PersonFactory
from tests.todo.things import LISTS, Team, events_of, fresh_id, new_list, new_task, ok, path, refused, share

pytestmark = pytest.mark.system


async def test_sharing_makes_a_member(person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    item = await new_list(alice)
    answer = await alice.put(path(item["id"], "members", bob.id), json={"role": "editor"})
    member = ok(answer, 201)
    assert member == {"list_id": item["id"], "account_id": bob.id, "role": "editor", "version": 2}
    assert answer.headers["etag"] == '"2"'
    assert ok(await bob.get(path(item["id"])))["my_role"] == "editor"
    assert [found["id"] for found in ok(await bob.get(LISTS))["items"]] == [item["id"]]


async def test_the_same_role_again_changes_nothing(team: Team) -> None:
    answer = await team.owner.put(path(team.id, "members", team.viewer.id), json={"role": "viewer"})
    assert ok(answer)["version"] == 3
    assert len(await events_of(team.owner, team.id)) == 3


async def test_members_come_in_pages(team: Team) -> None:
    first = ok(await team.viewer.get(path(team.id, "members"), params={"limit": "2"}))
    rest = ok(await team.viewer.get(path(team.id, "members"), params={"limit": "2", "cursor": first["next"]}))
    found = [member["account_id"] for member in first["items"] + rest["items"]]
    assert found == sorted([team.owner.id, team.editor.id, team.viewer.id])
    assert rest["next"] is None


async def test_only_owners_share(team: Team) -> None:
    target = path(team.id, "members", team.stranger.id)
    for someone in (team.editor, team.viewer):
        refused(await someone.put(target, json={"role": "viewer"}), 403, "forbidden")
        refused(await someone.delete(path(team.id, "members", team.owner.id)), 403, "forbidden")
    refused(await team.stranger.put(target, json={"role": "owner"}), 404, "not-found")
    refused(await team.stranger.delete(path(team.id, "members", team.viewer.id)), 404, "not-found")
    refused(await team.stranger.delete(target), 404, "not-found")
    refused(await team.stranger.get(path(team.id, "members")), 404, "not-found")


async def test_nobody_promotes_themselves(team: Team) -> None:
    for someone in (team.editor, team.viewer):
        refused(
            await someone.put(path(team.id, "members", someone.id), json={"role": "owner"}), 403, "forbidden"
        )


@pytest.mark.parametrize("body", [{"role": "admin"}, {"role": None}, {}, {"role": "viewer", "x": 1}])
async def test_roles_that_do_not_exist(team: Team, body: dict[str, object]) -> None:
    answer = await team.owner.put(path(team.id, "members", team.viewer.id), json=body)
    assert answer.status_code == 422


async def test_a_new_role_counts_at_once(team: Team) -> None:
    await new_task(team.editor, team.id)
    assert (await share(team.owner, team.id, team.editor, "viewer"))["role"] == "viewer"
    refused(await team.editor.post(path(team.id, "tasks"), json={"title": "Eggs"}), 403, "forbidden")
    tag = (await team.editor.get(path(team.id))).headers["etag"]
    await share(team.owner, team.id, team.editor, "owner")
    answer = await team.editor.get(path(team.id), headers={"If-None-Match": tag})
    assert ok(answer)["my_role"] == "owner"  # the list is the same version; what was shown with it is not


async def test_removing_a_member_twice(team: Team) -> None:
    target = path(team.id, "members", team.viewer.id)
    assert (await team.owner.delete(target)).status_code == 204
    refused(await team.owner.delete(target), 404, "not-found")
    refused(await team.viewer.get(path(team.id)), 404, "not-found")
    refused(await team.owner.delete(path(team.id, "members", fresh_id())), 404, "not-found")
    assert ok(await team.viewer.get(LISTS))["items"] == []


async def test_everybody_may_leave(team: Team) -> None:
    for someone in (team.editor, team.viewer):
        assert (await someone.delete(path(team.id, "members", someone.id))).status_code == 204
        refused(await someone.get(path(team.id)), 404, "not-found")


async def test_the_last_owner_stays(team: Team) -> None:
    own = path(team.id, "members", team.owner.id)
    refused(await team.owner.delete(own), 409, "last-owner")
    refused(await team.owner.put(own, json={"role": "editor"}), 409, "last-owner")
    await share(team.owner, team.id, team.editor, "owner")
    assert (await team.owner.delete(own)).status_code == 204
    refused(await team.editor.delete(path(team.id, "members", team.editor.id)), 409, "last-owner")
    events = await events_of(team.editor, team.id)
    assert [event["kind"] for event in events][-2:] == ["member.put", "member.removed"]


async def test_a_removed_member_is_assigned_to_nothing_and_comes_back_as_new(team: Team) -> None:
    both = [team.editor.id, team.owner.id]
    task = await new_task(team.owner, team.id, assignee_ids=both)
    other = await new_task(team.owner, team.id, assignee_ids=[team.owner.id])
    assert (await team.owner.delete(path(team.id, "members", team.editor.id))).status_code == 204

    changed = ok(await team.owner.get(path(team.id, "tasks", task["id"])))
    assert changed["assignee_ids"] == [team.owner.id]
    assert changed["version"] > task["version"]
    assert ok(await team.owner.get(path(team.id, "tasks", other["id"]))) == other
    removed, updated = (await events_of(team.owner, team.id, after=other["version"]))[-2:]
    assert removed["kind"] == "member.removed"
    assert removed["data"] == {
        "id": team.editor.id,
        "list_id": team.id,
        "account_id": team.editor.id,
        "version": removed["seq"],
    }
    assert (updated["kind"], updated["data"]) == ("task.updated", changed)

    answer = await team.owner.put(path(team.id, "members", team.editor.id), json={"role": "viewer"})
    assert ok(answer, 201)["version"] == updated["seq"] + 1


async def test_if_match_on_members(team: Team) -> None:
    target = path(team.id, "members", team.viewer.id)
    problem = refused(
        await team.owner.put(target, json={"role": "editor"}, headers={"If-Match": '"1"'}),
        412,
        "version-conflict",
    )
    assert problem["current"]["role"] == "viewer"
    refused(await team.owner.delete(target, headers={"If-Match": '"1"'}), 412, "version-conflict")
    ok(await team.owner.put(target, json={"role": "editor"}, headers={"If-Match": '"3"'}))
    newcomer = path(team.id, "members", team.stranger.id)
    problem = refused(
        await team.owner.put(newcomer, json={"role": "viewer"}, headers={"If-Match": '"3"'}),
        412,
        "version-conflict",
    )
    assert problem["current"] is None
    assert (await team.owner.delete(target, headers={"If-Match": '"4"'})).status_code == 204


async def test_an_account_that_does_not_exist(team: Team) -> None:
    refused(
        await team.owner.put(path(team.id, "members", fresh_id()), json={"role": "viewer"}),
        404,
        "unknown-account",
    )
    refused(
        await team.owner.put(path(team.id, "members", "nobody"), json={"role": "viewer"}), 404, "not-found"
    )


async def test_the_page_of_members_is_conditional(team: Team) -> None:
    members = path(team.id, "members")
    tag = (await team.viewer.get(members)).headers["etag"]
    assert (await team.viewer.get(members, headers={"If-None-Match": tag})).status_code == 304
    await share(team.owner, team.id, team.viewer, "editor")
    answer = await team.viewer.get(members, headers={"If-None-Match": f"W/{tag}"})
    assert {member["role"] for member in ok(answer)["items"]} == {"owner", "editor"}
