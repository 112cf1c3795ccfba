"""Background work in processes of its own: `python -m <service> work`, and servers that leave it to them."""

import asyncio
import itertools
import time
from collections.abc import Callable

import httpx
import pytest

from tests.chat.following import execute, has_room, new_list, room_of
from tests.chat.support import ROOMS, said
from tests.support import PersonFactory, Stack, eventually
from tools.stack import MySQL

SERVING_ONLY = {"TODOLIST_BACKGROUND": "false", "TODOLIST_DRAIN_SECONDS": "5"}


_number = itertools.count(1)


@pytest.fixture
def split(new_stack: Callable[..., Stack], mysql: MySQL, worker: str) -> Stack:
    """A stack in which nothing but workers does background work, and no worker runs yet."""
    return new_stack(mysql=mysql, suffix=f"_{worker}_split{next(_number)}", env=SERVING_ONLY)


async def test_the_work_waits_for_a_worker(split: Stack, person: PersonFactory) -> None:
    alice = await person("Alice", stack=split)
    list_id = await new_list(alice)
    cursors = "SELECT COUNT(*) AS n FROM cursors"
    await asyncio.sleep(3)  # longer than a follower's poll: there is nothing whose absence could be awaited
    assert (await alice.get(f"{ROOMS}/{room_of(list_id)}")).status_code == 404
    assert [execute(split, name, cursors)[0]["n"] for name in ("todo", "chat")] == [0, 0]
    split.worker("chat")
    await has_room(alice, list_id)
    assert execute(split, "chat", cursors)[0]["n"] == 2
    assert execute(split, "todo", cursors)[0]["n"] == 0


async def test_two_workers_apply_an_event_once(split: Stack, person: PersonFactory) -> None:
    alice = await person("Alice", stack=split)
    for _ in range(2):
        split.worker("chat")
    lists = [await new_list(alice, f"List {number}") for number in range(10)]
    for list_id in lists:
        await has_room(alice, list_id)
    assert [len(await said(alice, room_of(list_id))) for list_id in lists] == [2] * 10  # created, owner added
    counted = execute(split, "chat", "SELECT seq FROM cursors WHERE topic = 'lists'")[0]["seq"]
    assert counted == execute(split, "todo", "SELECT seq FROM topics WHERE topic = 'lists'")[0]["seq"]


@pytest.mark.parametrize("name", ["auth", "todo", "chat"])
async def test_a_worker_answers_the_probes_and_nothing_else(stack: Stack, name: str) -> None:
    worker = stack.worker(name)
    async with httpx.AsyncClient(base_url=worker.url) as client:
        assert (await client.get("/livez")).text == "ok\n"
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["mysql"]) == (200, "connected")
        assert "process_cpu_seconds_total" in (await client.get("/metrics")).text
        openapi = f"/api/{name}/openapi.json"
        for path in ("/", f"/api/{name}/live", openapi, f"/api/{name}/internal/log/lists"):
            assert (await client.get(path)).status_code == 404, path
    worker.kill()


async def test_a_worker_stops_in_order_and_at_once(split: Stack, person: PersonFactory) -> None:
    alice = await person("Alice", stack=split)
    worker = split.worker("chat")
    list_id = await new_list(alice)
    await has_room(alice, list_id)
    began = time.monotonic()
    assert await asyncio.to_thread(worker.stop) in (0, -15)  # uvicorn raises the signal again at its end
    assert time.monotonic() - began < 4  # it has no sockets to send away, so it does not wait for a drain
    assert '"level":"error"' not in worker.log
    assert "Traceback" not in worker.log


async def test_a_worker_is_not_ready_without_its_database(stack: Stack) -> None:
    nowhere = stack.database_url("chat").rpartition("@")[0] + "@127.0.0.1:1/chat"
    worker = stack.worker("chat", wait=False, TODOLIST_DATABASE_URL=nowhere)
    async with httpx.AsyncClient(base_url=worker.url) as client:

        async def not_ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 503
            except httpx.TransportError:
                return False  # it is still starting

        await eventually(not_ready, timeout=20)
        assert (await client.get("/livez")).status_code == 200
    worker.kill()


async def test_keys_are_rotated_by_the_worker(split: Stack) -> None:
    execute(split, "auth", "UPDATE signing_keys SET active_from = '2020-01-01 00:00:00'")
    worker = split.worker("auth")

    async def rotated() -> bool:
        assert "signing key rotated" in worker.log
        return len(execute(split, "auth", "SELECT kid FROM signing_keys")) == 2

    await eventually(rotated, timeout=10)
