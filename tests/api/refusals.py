"""Which request is refused with which code: one for each code that the services have, and more for some."""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import httpx

from tests.api.world import LISTS, ROOMS, World, done, fresh_id
from tests.support import eventually
from tests.support.forge import token_for
from tests.support.person import PASSWORD
from tools.stack.service import ROOT

LIST, TASKS = f"{LISTS}/{{list_id}}", f"{LISTS}/{{list_id}}/tasks"
GROUP, MESSAGES = f"{ROOMS}/{{group}}", f"{ROOMS}/{{group}}/messages"
SESSIONS = "/api/auth/sessions"
LARGE = 1024 * 1024 + 1
JSON = {"Content-Type": "application/json"}
NOBODY = {"Authorization": ""}
NEW = {"email": "a@example.com", "password": PASSWORD, "name": "A"}


class Refusal(NamedTuple):
    """A request and how it is refused: `field` is the code at `pointer`, of a 422."""

    status: int
    code: str
    request: str  # "POST /path", with things of the world in braces
    body: Any = None
    content: bytes | Callable[[], AsyncIterator[bytes]] | None = None  # as it is, instead of a body
    field: str = ""
    pointer: str = ""
    caller: str = "owner"
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed
    query: dict[str, Any] = {}  # noqa: RUF012 - never changed


async def _chunks() -> AsyncIterator[bytes]:
    """A body whose length nobody says beforehand."""
    yield b'{"title": "'
    for _ in range(LARGE // 65_536 + 1):
        yield b"x" * 65_536


def _deep(levels: int) -> bytes:
    return b'{"title":' + b"[" * levels + b"]" * levels + b"}"


# fmt: off
# ruff: noqa: E501 - one refusal, one line
REFUSALS = [
    Refusal(400, "malformed", f"POST {LISTS}", content=b'{"title": "half'),
    Refusal(400, "malformed", f"POST {LISTS}", content=b"\xff\xfe"),
    Refusal(401, "no-token", f"GET {LISTS}", headers=NOBODY),
    Refusal(401, "no-token", f"GET {LISTS}", headers={"Authorization": "Basic YTpi"}),
    Refusal(401, "bad-token", f"GET {LISTS}", headers={"Authorization": "Bearer nonsense"}),
    Refusal(401, "bad-credentials", f"POST {SESSIONS}", {"email": "nobody@example.com", "password": PASSWORD}),
    Refusal(401, "bad-credentials", f"POST {SESSIONS}", {"email": "{owner_email}", "password": "not the password"}),
    Refusal(401, "session-ended", f"POST {SESSIONS}/refresh", {"refresh_token": "nonsense"}),
    Refusal(401, "session-ended", f"POST {SESSIONS}/refresh", headers=NOBODY, caller="stranger"),
    Refusal(403, "forbidden", f"PATCH {LIST}", {"title": "Mine"}, caller="viewer"),
    Refusal(403, "wrong-password", "DELETE /api/auth/me", {"password": "not the password"}),
    Refusal(403, "origin-refused", f"POST {SESSIONS}", {"email": "{owner_email}", "password": PASSWORD}, headers={"Origin": "https://evil.example"}),
    Refusal(403, "follows-list", f"PATCH {ROOMS}/{{list_room}}", {"title": "Mine"}),
    Refusal(403, "direct-room", f"PATCH {ROOMS}/{{direct}}", {"title": "Mine"}),
    Refusal(404, "not-found", f"GET {LISTS}/{{nothing}}"),
    Refusal(404, "not-found", f"GET {LIST}", caller="stranger"),
    Refusal(404, "not-found", f"GET {LISTS}/not-an-id"),
    Refusal(404, "not-found", "GET /api/todo/nothing"),
    Refusal(404, "not-found", f"GET {SESSIONS}/"),
    Refusal(404, "unknown-account", f"PUT {LIST}/members/{{nothing}}", {"role": "viewer"}),
    Refusal(405, "method-not-allowed", f"PUT {LISTS}", {}),
    Refusal(409, "email-taken", "POST /api/auth/accounts", {**NEW, "email": "{owner_email}"}),
    Refusal(409, "id-conflict", f"POST {LISTS}", {"id": "{list_id}", "title": "Another"}),
    Refusal(409, "last-owner", f"DELETE {LIST}/members/{{owner}}"),
    Refusal(409, "last-owner", f"DELETE {GROUP}/members/{{owner}}"),
    Refusal(410, "log-pruned", f"GET {LIST}/events", query={"after": 10**9}),
    Refusal(410, "log-pruned", f"GET {GROUP}/events", query={"after": 0, "epoch": "another life"}),
    Refusal(412, "version-conflict", f"PATCH {TASKS}/{{task_id}}", {"done": True}, headers={"If-Match": '"999"'}),
    Refusal(412, "version-conflict", f"PATCH {TASKS}/{{task_id}}", {"done": True}, headers={"If-Match": 'W/"999"'}),
    Refusal(412, "version-conflict", f"DELETE {GROUP}", headers={"If-Match": '"999"'}),
    Refusal(412, "version-conflict", "PATCH /api/auth/me", {"name": "B"}, headers={"If-Match": '"0"'}),
    Refusal(413, "too-large", f"POST {LISTS}", content=b"x" * LARGE),
    Refusal(413, "too-large", f"POST {LISTS}", content=_chunks),
    Refusal(413, "too-large", f"POST {LISTS}", content=_chunks, headers=NOBODY),
    Refusal(415, "unsupported-media-type", f"POST {LISTS}", content=b"title=x", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Refusal(415, "unsupported-media-type", f"POST {MESSAGES}", content=b"x", headers={"Content-Type": "text/plain"}),
    Refusal(422, "unknown-field", f"POST {LISTS}", {"title": "A", "titel": "B"}, field="unknown-field", pointer="/titel"),
    Refusal(422, "unknown-field", f"POST {LISTS}", {"title": "A", "a/b~c": "B"}, field="unknown-field", pointer="/a~1b~0c"),
    # What the framework's own rules call by their names.
    Refusal(422, "invalid", f"POST {LISTS}", {}, field="missing", pointer="/title"),
    Refusal(422, "invalid", f"POST {LISTS}", {"title": "x" * 201}, field="string-too-long", pointer="/title"),
    Refusal(422, "invalid", f"POST {MESSAGES}", {"body": "x" * 10_001}, field="string-too-long", pointer="/body"),
    Refusal(422, "invalid", f"POST {LISTS}", {"title": ""}, field="string-too-short", pointer="/title"),
    Refusal(422, "invalid", "POST /api/auth/accounts", {**NEW, "password": ""}, field="string-too-short", pointer="/password"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "labels": ["a"] * 21}, field="too-long", pointer="/labels"),
    Refusal(422, "invalid", f"GET {LISTS}", query={"limit": 201}, field="less-than-equal", pointer="limit"),
    Refusal(422, "invalid", f"GET {LISTS}", query={"limit": 0}, field="greater-than-equal", pointer="limit"),
    Refusal(422, "invalid", f"GET {LISTS}", query={"cursor": "x" * 501}, field="string-too-long", pointer="cursor"),
    Refusal(422, "invalid", f"POST {LISTS}", content=_deep(50), field="string-type", pointer="/title"),
    # Our own.
    Refusal(422, "invalid", f"POST {LISTS}", content=_deep(100_000), field="too-deep"),
    Refusal(422, "invalid", f"POST {LISTS}", {"title": "a\0b"}, field="nul-character", pointer="/title"),
    Refusal(422, "invalid", f"POST {MESSAGES}", {"body": "a\0b"}, field="nul-character", pointer="/body"),
    Refusal(422, "invalid", "PATCH /api/auth/me", {"name": "a\0b"}, field="nul-character", pointer="/name"),
    Refusal(422, "invalid", f"POST {LISTS}", content=rb'{"title": "a\ud800"}', field="lone-surrogate", pointer="/title"),
    Refusal(422, "invalid", f"POST {MESSAGES}", content=rb'{"body": "a\udfff"}', field="lone-surrogate", pointer="/body"),
    Refusal(422, "invalid", "PATCH /api/auth/me", content=rb'{"name": "a\ud800"}', field="lone-surrogate", pointer="/name"),
    Refusal(422, "invalid", f"POST {LISTS}", {"id": "6b1f9d8e-5b7d-4c7e-9f0a-0d4f3a2b1c00", "title": "A"}, field="not-uuid-v7", pointer="/id"),
    Refusal(422, "invalid", f"GET {LISTS}", query={"cursor": "nonsense"}, field="bad-cursor", pointer="cursor"),
    Refusal(422, "invalid", f"GET {MESSAGES}", query={"cursor": "WyJ4Il0"}, field="bad-cursor", pointer="cursor"),
    Refusal(422, "invalid", "POST /api/auth/accounts", {**NEW, "email": "nobody"}, field="bad-email", pointer="/email"),
    Refusal(422, "invalid", "POST /api/auth/accounts", {**NEW, "password": "short"}, field="too-short", pointer="/password"),
    Refusal(422, "invalid", "GET /api/auth/accounts", field="one-of", pointer="ids"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "due": "2027-01-01"}, field="not-rfc3339", pointer="/due"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "due": "1969-12-31T23:59:59Z"}, field="out-of-range", pointer="/due"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "parent_id": "{nothing}"}, field="unknown-task", pointer="/parent_id"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "after_id": "{nothing}"}, field="unknown-task", pointer="/after_id"),
    Refusal(422, "invalid", f"POST {TASKS}", {"title": "A", "assignee_ids": ["{stranger}"]}, field="not-a-member", pointer="/assignee_ids/0"),
    Refusal(422, "invalid", f"PATCH {TASKS}/{{task_id}}", {"parent_id": "{task_id}"}, field="cycle", pointer="/parent_id"),
    Refusal(422, "invalid", "GET /api/todo/tasks", query={"due": "2027-02-30"}, field="bad-due", pointer="due"),
    Refusal(422, "invalid", "GET /api/todo/tasks", query={"tz": "Mars/Base"}, field="unknown-time-zone", pointer="tz"),
    Refusal(422, "invalid", f"POST {MESSAGES}", {"body": " "}, field="blank", pointer="/body"),
    Refusal(422, "invalid", f"POST {MESSAGES}", {"body": "A", "thread_id": "{nothing}"}, field="unknown-thread", pointer="/thread_id"),
    Refusal(422, "invalid", f"POST {MESSAGES}", {"body": "A", "task_id": "{nothing}"}, field="no-list", pointer="/task_id"),
    Refusal(422, "invalid", f"POST {ROOMS}/{{list_room}}/messages", {"body": "A", "task_id": "{task_id}", "thread_id": "{nothing}"}, field="two-threads", pointer="/thread_id"),
    Refusal(422, "invalid", f"GET {MESSAGES}", query={"before": 1, "after": 1}, field="before-and-after", pointer="after"),
    Refusal(422, "invalid", f"PUT {MESSAGES}/{{message}}/reactions/x", field="not-an-emoji", pointer="emoji"),
    Refusal(422, "invalid", f"POST {ROOMS}", {"kind": "direct", "account_id": "{owner}"}, field="yourself", pointer="/account_id"),
]
# fmt: on


async def send(refusal: Refusal, world: World) -> httpx.Response:
    """Make the request, the things of the world put in."""
    things = world.list | {
        "group": world.group["room_id"],
        "message": world.group["message_id"],
        "list_room": world.list_room["room_id"],
        "direct": world.direct_id,
        "owner": world.owner.id,
        "owner_email": world.owner.email,
        "stranger": world.stranger.id,
        "nothing": fresh_id(),
    }
    method, path = refusal.request.split()
    caller = getattr(world, refusal.caller)
    caller.client.cookies.clear()
    options: dict[str, Any] = {"params": refusal.query}
    headers = dict(refusal.headers)
    if refusal.content is not None:
        options["content"] = refusal.content if isinstance(refusal.content, bytes) else refusal.content()
        headers = JSON | headers
    elif refusal.body is not None:
        options["json"] = _filled(refusal.body, things)
    answer: httpx.Response = await caller.request(method, path.format(**things), headers=headers, **options)
    return answer


def _filled(value: Any, things: dict[str, str]) -> Any:
    match value:
        case dict():
            return {key: _filled(item, things) for key, item in value.items()}
        case list():
            return [_filled(item, things) for item in value]
        case str() if value.startswith("{"):
            return value.format(**things)
        case _:
            return value


# What takes more than one request.


async def _token_expired(world: World) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token_for(world.stack, world.owner, seconds=-10)}"}
    return await world.owner.get(LISTS, headers=headers)


async def _session_ended(world: World) -> httpx.Response:
    leaver = await world.newcomer()
    done(await leaver.delete(f"{SESSIONS}/current"))

    answers: list[httpx.Response] = []

    async def refused() -> bool:
        answers.append(await leaver.get(LISTS))
        return answers[-1].status_code == 401

    await eventually(refused)
    return answers[-1]


async def _account_disabled(world: World) -> httpx.Response:
    shut_out = await world.newcomer()
    command = [sys.executable, "-m", "auth", "disable", shut_out.email]
    subprocess.run(command, env=world.stack.environment("auth"), cwd=ROOT, check=True, capture_output=True)
    credentials = {"email": shut_out.email, "password": shut_out.password}
    return await shut_out.client.post(shut_out.address(SESSIONS), json=credentials)


async def _gone(world: World) -> httpx.Response:
    body = {"id": fresh_id(), "title": "Short-lived"}
    done(await world.owner.post(LISTS, json=body))
    done(await world.owner.delete(f"{LISTS}/{body['id']}"))
    return await world.owner.post(LISTS, json=body)


async def _too_many_emoji(world: World) -> httpx.Response:
    things = await world.new_message(world.group)
    reactions = f"{ROOMS}/{things['room_id']}/messages/{things['message_id']}/reactions"
    for number in range(20):
        answer = await world.owner.put(f"{reactions}/{chr(ord('🐀') + number)}")
        if answer.status_code != 200:
            break
    return answer


async def _unavailable(world: World) -> httpx.Response:
    """A process of todo whose database is not there: it answers, and at once."""
    nowhere = "mysql://todo:none@127.0.0.1:9/todo"
    replica = world.stack.replica("todo", TODOLIST_DATABASE_URL=nowhere)
    headers = {"Authorization": f"Bearer {world.owner.token}"}
    return await world.owner.client.post(
        f"{replica.url}{LISTS}", json={"title": "A"}, headers=headers, timeout=5
    )


Steps = Callable[[World], Awaitable[httpx.Response]]
IN_STEPS: list[tuple[int, str, str, Steps]] = [  # status, code, service
    (401, "token-expired", "todo", _token_expired),
    (401, "session-ended", "todo", _session_ended),
    (403, "account-disabled", "auth", _account_disabled),
    (409, "too-many-emoji", "chat", _too_many_emoji),
    (410, "gone", "todo", _gone),
    (503, "unavailable", "todo", _unavailable),
]
