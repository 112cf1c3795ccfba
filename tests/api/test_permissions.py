"""The table of permissions, walked over real HTTP and real sockets; a route that is not in it fails."""

import re
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from common import servicetoken
from tests.api.apps import routes
from tests.api.problems import problem
from tests.api.table import CALLERS, INTERNAL, OPERATIONS, PUBLIC, ROWS, SERVICES, SOCKETS, TOPICS, Row
from tests.api.world import World, fresh_id
from tests.support import Person
from tests.support.forge import token_for
from tests.support.live import open_live
from tools.stack.service import NAMES

PEOPLE = CALLERS[2:]
CODES = {"nobody": "no-token", "expired": "token-expired"}
REFUSED = {404: {"not-found"}, 403: {"forbidden", "follows-list", "direct-room"}, 409: {"last-owner"}}


def test_the_table_has_every_route_and_no_other() -> None:
    """Paths are compared as the code declares them; INTERNAL names the topics that can stand in one."""
    declared = {route for name in NAMES for route in routes(name)}
    internal = {re.sub(r"/(log|snapshot)/\w+$", r"/\1/{topic}", row.route) for row in INTERNAL}
    assert {row.route for row in [*OPERATIONS, *ROWS, *SOCKETS]} | internal == declared


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.route} {row.of}".strip())
async def test_each_caller_is_answered_as_the_table_says(
    row: Row, world: World, client: httpx.AsyncClient
) -> None:
    """One request for each of CALLERS."""
    expected = [row.success] * len(CALLERS) if row.expected == PUBLIC else [*map(int, row.expected.split())]
    for caller, status in zip(CALLERS, expected, strict=True):
        someone = getattr(world, caller, world.owner)
        if row.spare:
            someone = await world.newcomer()
        answer = await _ask(row, world, client, someone, await _token(world, caller, someone))
        _check(answer, caller, status)


def _check(answer: httpx.Response, caller: str, status: int) -> None:
    if status < 400:
        assert answer.status_code == status, f"{caller}: {answer.status_code} {answer.text}"
    else:
        code = answer.json().get("code") if answer.content else None
        problem(answer, status, CODES.get(caller, str(code)) if status == 401 else str(code))
        assert status == 401 or code in REFUSED[status], f"{caller}: {answer.text}"


async def _ask(
    row: Row, world: World, client: httpx.AsyncClient, someone: Person, token: str | None
) -> httpx.Response:
    method, path = row.route.split()
    body: Any = row.body(world) if callable(row.body) else row.body
    if isinstance(body, Awaitable):
        body = await body
    things = await world.params(row.of, someone)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    content = {} if body is None else {"json": body}
    address = someone.address(path.format(**things))
    client.cookies.clear()  # those of the row before
    return await client.request(method, address, params=row.query, headers=headers, **content)


async def _token(world: World, caller: str, someone: Person) -> str | None:
    match caller:
        case "nobody":
            return None
        case "expired":
            return token_for(world.stack, someone, seconds=-10)
        case _:
            return someone.token


@pytest.mark.parametrize("service", NAMES)
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.route)
async def test_operators_need_no_token(
    row: Row, service: str, world: World, client: httpx.AsyncClient
) -> None:
    """The front end does not route them, so that nobody outside can ask."""
    answer = await client.get(world.stack.url(service) + row.route.split()[1])
    assert answer.status_code == row.success, answer.text


@pytest.mark.parametrize("row", INTERNAL, ids=lambda row: row.route)
async def test_internal_paths_are_for_services(row: Row, world: World, client: httpx.AsyncClient) -> None:
    """A person's token opens none, nor does a service's that was made for another service."""
    path = row.route.split()[1].format(account_id=world.guest.id)
    callee = path.split("/")[2]
    key = world.stack.secrets["service_key"]
    tokens = {
        "nobody": None,
        "expired": token_for(world.stack, world.owner, seconds=-10),
        "owner": world.owner.token,
        "service": servicetoken.make(key, "chat", callee),
        "other service": servicetoken.make(key, "chat", "chat"),
    }
    if "/internal/log/" in path:  # from where it stands: its beginning may have been pruned
        service = {"Authorization": f"Bearer {tokens['service']}"}
        snapshot = await client.get(world.owner.address(path.replace("/log/", "/snapshot/")), headers=service)
        path += f"?after={snapshot.json()['seq']}"
    for caller, status in zip(SERVICES, map(int, row.expected.split()), strict=True):
        headers = {"Authorization": f"Bearer {token}"} if (token := tokens[caller]) else {}
        answer = await client.get(world.owner.address(path), headers=headers)
        if status == 200:
            assert answer.status_code == 200, f"{caller}: {answer.text}"
        else:
            problem(answer, status, "no-token" if caller == "nobody" else "bad-token")


@pytest.mark.parametrize("row", SOCKETS, ids=lambda row: row.route)
async def test_sockets_open_for_who_is_signed_in(row: Row, world: World) -> None:
    """They are told apart by their first frame, so the close code is the answer."""
    address = world.owner.address(row.route.split()[1])
    for caller, expected in zip(CALLERS, row.expected.split(), strict=True):
        token = await _token(world, caller, getattr(world, caller, world.owner))
        async with open_live(address, None) as socket:
            await socket.send({"op": "auth", "token": token or ""})
            if expected == "ready":
                ready = await socket.frame(op="ready")
                assert ready["account_id"] == getattr(world, caller).id
            else:
                assert await socket.ended() == int(expected), caller


@pytest.mark.parametrize(("service", "topic", "expected"), TOPICS)
async def test_each_topic_is_followed_by_those_who_may(
    service: str, topic: str, expected: tuple[str, ...], world: World
) -> None:
    """Who may not is told the same as when there is no such topic, and gets nothing of it."""
    things = {"owner": world.owner.id, "group": world.group["room_id"], "direct": world.direct_id}
    name = topic.format(**world.list, **world.list_room, **things, nothing=fresh_id())
    for caller, outcome in zip(PEOPLE, expected, strict=True):
        someone: Person = getattr(world, caller)
        async with someone.live(service) as socket:
            answer = await socket.subscribe(name, after=0)
            if outcome == "subscribed":
                assert answer["op"] == "subscribed", f"{caller}: {answer}"
            else:
                assert answer["op"] == "error", f"{caller}: {answer}"
                assert (answer["code"], answer["ref_op"]) == (outcome, "subscribe")
                await socket.send({"op": "ping"})
                await socket.frame(op="pong")
                assert not socket.events(name), caller
