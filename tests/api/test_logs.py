"""The logs of a small journey: one JSON object a line, who asked and which request, and nothing secret."""

import json
import uuid
from functools import partial
from typing import Any

import httpx

from tests.support import PersonFactory, Stack, eventually

Line = dict[str, Any]

JOURNEY = {  # service, route, status, and whether the line says whose request it was
    "list": ("todo", "/api/todo/lists", 201, True),
    "task": ("todo", "/api/todo/lists/{list_id}/tasks", 201, True),
    "message": ("chat", "/api/chat/rooms/{room_id}/messages", 201, True),
    "wrong": ("auth", "/api/auth/sessions", 401, False),
    # A body is read before anybody asks who sends it.
    "malformed": ("todo", "/api/todo/lists/{list_id}/tasks", 400, False),
    "invalid": ("todo", "/api/todo/lists/{list_id}/tasks", 422, True),
    "out": ("auth", "/api/auth/sessions/current", 204, True),
}


async def test_a_journey_is_logged_and_nothing_secret_is(
    stack: Stack, person: PersonFactory, client: httpx.AsyncClient
) -> None:
    """Each request carries an id of ours, so that its line is found."""
    ids = {name: uuid.uuid4().hex for name in JOURNEY}
    headers = {name: {"X-Request-Id": value} for name, value in ids.items()}
    secret = uuid.uuid4().hex  # in everything that must not be found again
    ann = await person(f"Ann {secret}")
    session = await ann.sign_in("body")
    title, words, wrong = f"title {secret}", f"words {secret}", f"password {secret}"
    found = (await ann.post("/api/todo/lists", json={"title": title}, headers=headers["list"])).json()
    tasks = f"/api/todo/lists/{found['id']}/tasks"
    await ann.post(tasks, json={"title": title, "notes": words}, headers=headers["task"])
    group = (await ann.post("/api/chat/rooms", json={"kind": "group", "title": title})).json()
    messages = f"/api/chat/rooms/{group['id']}/messages"
    await ann.post(messages, json={"body": words}, headers=headers["message"])
    account = {"email": ann.email, "password": wrong}
    await client.post(ann.address("/api/auth/sessions"), json=account, headers=headers["wrong"])
    broken = f'{{"title": "{title}'.encode()
    await ann.post(
        tasks, content=broken, headers={"Content-Type": "application/json", **headers["malformed"]}
    )
    invalid = {"title": title, "priority": words, secret: 1}
    await ann.post(tasks, json=invalid, params={"q": secret}, headers=headers["invalid"])
    async with ann.live("chat") as socket:
        await socket.send({"op": "subscribe", "topic": secret})
        await socket.frame(op="error")
    tokens = [
        ann.token,
        session.json()["refresh_token"],
        *(cookie.value for cookie in ann.client.cookies.jar if cookie.value),
    ]
    await ann.delete("/api/auth/sessions/current", headers=headers["out"])

    for name, (service, route, status, signed_in) in JOURNEY.items():
        (line,) = await eventually(partial(_lines, stack, service, ids[name]))
        assert (line["event"], line["route"], line["status"]) == ("request", route, status)
        assert line["service"] == service
        assert line["ms"] > 0
        assert line.get("account_id") == (ann.id if signed_in else None)

    logged = "\n".join(stack.logs().values())
    for word in [secret, ann.password, ann.email, wrong, *tokens]:
        assert word not in logged, f"{word} was logged"


async def test_a_call_to_another_service_carries_the_request_id(stack: Stack, person: PersonFactory) -> None:
    """Todo asks auth about an account it has not heard of; auth writes the refusal down under the same id."""
    ann, asked = await person("Ann"), uuid.uuid4().hex
    found = (await ann.post("/api/todo/lists", json={"title": "Groceries"})).json()
    member = f"/api/todo/lists/{found['id']}/members/{uuid.uuid4()}"
    answer = await ann.put(member, json={"role": "viewer"}, headers={"X-Request-Id": asked})
    assert (answer.status_code, answer.headers["x-request-id"]) == (404, asked)
    (line,) = await eventually(partial(_lines, stack, "auth", asked))
    assert (line["route"], line["status"]) == ("/api/auth/internal/accounts/{account_id}", 404)


async def test_every_line_is_a_json_object(stack: Stack, person: PersonFactory) -> None:
    """Also those of the start, and of libraries. A request's line says which request it is of."""
    await person("Ann")
    for log in stack.logs().values():
        lines = [json.loads(line) for line in log.splitlines()]
        assert lines
        for line in lines:
            assert {"event", "level", "timestamp", "service"} <= set(line), line
            assert line["event"] != "request" or len(line["request_id"]) >= 8, line


async def test_a_request_id_is_taken_over_or_made(stack: Stack, client: httpx.AsyncClient) -> None:
    """What could break a log line is not taken over."""
    address = f"{stack.url('auth')}/api/auth/.well-known/jwks.json"
    given = "abc.DEF-123_456"
    assert (await client.get(address, headers={"X-Request-Id": given})).headers["x-request-id"] == given
    for nonsense in ("short", "with space inside", "x" * 65, '{"json":"text"}', "é" * 10, ""):
        header = {b"X-Request-Id": nonsense.encode("latin-1")}
        answer = await client.get(address, headers=header)
        made = answer.headers["x-request-id"]
        assert made != nonsense
        assert len(made) == 32
        int(made, 16)


async def _lines(stack: Stack, service: str, request_id: str) -> list[Line]:
    return [json.loads(line) for line in stack.service(service).log.splitlines() if request_id in line]
