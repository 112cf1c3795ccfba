"""Bodies that cannot be: always a problem document that says where, never our error, and nothing written."""

import json
from typing import Any

import pytest

from tests.support.system import system_of
from tests.todo.things import LISTS, Team, events_of, new_task, path, refused

pytestmark = pytest.mark.system

WRONG_TASKS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "/title"),
    ({"title": "   "}, "/title"),
    ({"title": None}, "/title"),
    ({"title": 7}, "/title"),
    ({"title": "x" * 501}, "/title"),
    ({"title": "nul \0"}, "/title"),
    ({"title": "half a pair \ud83d"}, "/title"),
    ({"notes": "x" * 20_001}, "/notes"),
    ({"notes": "\0"}, "/notes"),
    ({"notes": ["x"]}, "/notes"),
    ({"done": "yes"}, "/done"),
    ({"done": 1}, "/done"),
    ({"priority": 5}, "/priority"),
    ({"priority": -1}, "/priority"),
    ({"priority": "1"}, "/priority"),
    ({"priority": 1.5}, "/priority"),
    ({"priority": 10**30}, "/priority"),
    ({"due": "2027-01-01T00:00:00"}, "/due"),
    ({"due": "2027-01-01"}, "/due"),
    ({"due": "2027-02-30T00:00:00Z"}, "/due"),
    ({"due": 1_800_000_000}, "/due"),
    ({"due": "0001-01-01T00:00:00+10:00"}, "/due"),
    ({"due": "9999-12-31T23:59:59-10:00"}, "/due"),
    ({"due": "٢٠٢٧-01-01T00:00:00Z"}, "/due"),
    ({"labels": "x"}, "/labels"),
    ({"labels": [""]}, "/labels/0"),
    ({"labels": ["ok", "x" * 41]}, "/labels/1"),
    ({"labels": ["\0"]}, "/labels/0"),
    ({"labels": [[[]]]}, "/labels/0"),
    ({"labels": [str(number) for number in range(21)]}, "/labels"),
    ({"assignee_ids": ["me"]}, "/assignee_ids/0"),
    ({"assignee_ids": {}}, "/assignee_ids"),
    ({"parent_id": "x"}, "/parent_id"),
    ({"after_id": 7}, "/after_id"),
]
READ_ONLY = ["list_id", "position", "version", "done_at", "creator_id", "nonsense", "a/b~c", ""]


@pytest.mark.parametrize(("wrong", "pointer"), WRONG_TASKS)
async def test_wrong_fields_of_tasks(team: Team, wrong: dict[str, Any], pointer: str) -> None:
    task = await new_task(team.editor, team.id)
    for method, where, body in (
        ("POST", path(team.id, "tasks"), {"title": "x", **wrong}),
        ("PATCH", path(team.id, "tasks", task["id"]), wrong),
    ):
        content = json.dumps(body)  # as text, since a lone surrogate is no UTF-8
        answer = await team.editor.request(
            method, where, content=content, headers={"Content-Type": "application/json"}
        )
        refused(answer, 422, "invalid", pointer)
    assert (await events_of(team.editor, team.id))[-1]["data"] == task


@pytest.mark.parametrize("field", READ_ONLY)
async def test_unknown_fields(team: Team, field: str) -> None:
    task = await new_task(team.editor, team.id)
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    for answer in (
        await team.editor.post(path(team.id, "tasks"), json={"title": "x", field: "x"}),
        await team.editor.patch(path(team.id, "tasks", task["id"]), json={field: "x"}),
        await team.owner.post(LISTS, json={"title": "x", field: "x"}),
        await team.owner.patch(path(team.id), json={field: "x"}),
        await team.owner.put(path(team.id, "members", team.viewer.id), json={"role": "viewer", field: "x"}),
    ):
        refused(answer, 422, "unknown-field", pointer)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "\t"}, "/title"),
        ({"title": None}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"title": "\0"}, "/title"),
        ({"color": "red"}, "/color"),
        ({"color": "#12345"}, "/color"),
        ({"color": "#123456\n"}, "/color"),
        ({"color": None}, "/color"),
    ],
)
async def test_wrong_fields_of_lists(team: Team, wrong: dict[str, Any], pointer: str) -> None:
    refused(await team.owner.post(LISTS, json={"title": "x", **wrong}), 422, "invalid", pointer)
    refused(await team.owner.patch(path(team.id), json=wrong), 422, "invalid", pointer)
    assert len(await events_of(team.owner, team.id)) == 3


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"x"', 422),
        (b'{"title":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 422),
        (b'{"title":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", 422),
        (b'{"title":"' + b"x" * 1_100_000 + b'"}', 413),
        (b'{"title":NaN}', 422),
    ],
)
async def test_bodies_that_are_no_objects(team: Team, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    for where in (LISTS, path(team.id, "tasks")):
        answer = await team.owner.request("POST", where, content=content, headers=headers)
        assert answer.status_code == status, answer.text[:300]
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert len(await events_of(team.owner, team.id)) == 3


async def test_only_json_is_read(team: Team) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = await team.owner.request("POST", LISTS, content=b"title=x", headers={"Content-Type": kind})
        assert answer.status_code == 415, answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_methods_that_are_not_there(team: Team, method: str) -> None:
    refused(await team.owner.request(method, LISTS), 405, "method-not-allowed")


@pytest.mark.parametrize("wrong", ["x", "00000000-0000-0000-0000-00000000000", "😀"])
async def test_ids_that_cannot_be_are_not_found(team: Team, wrong: str) -> None:
    for where in (
        path(wrong),
        path(wrong, "tasks"),
        path(wrong, "members"),
        path(wrong, "events"),
        path(team.id, "tasks", wrong),
    ):
        refused(await team.owner.get(where), 404, "not-found")


async def test_a_path_with_a_zero_byte(team: Team, request: pytest.FixtureRequest) -> None:
    """The service knows no such thing; the front end of a whole system does not even pass it on."""
    expected = (400, "malformed") if system_of(request.config) else (404, "not-found")
    for where in (path("%00"), path("%00", "tasks"), path("%00", "events"), path(team.id, "tasks", "%00")):
        refused(await team.owner.get(where), *expected)


async def test_tokens(team: Team) -> None:
    for headers, code in (({"Authorization": ""}, "no-token"), ({"Authorization": "Bearer x"}, "bad-token")):
        for where in (LISTS, path(team.id), path(team.id, "tasks"), "/api/todo/tasks"):
            refused(await team.owner.get(where, headers=headers), 401, code)
