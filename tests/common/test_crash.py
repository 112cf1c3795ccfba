"""What was acknowledged is never lost, and what anyone has seen is never taken back: processes are killed
to show it."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from common.errors import ServiceError
from common.ids import new_id
from common.log import reader
from common.log.transaction import Tx
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, metadata, note
from tests.support import PersonFactory, Stack, eventually
from tests.support.proxy import redis_proxy
from tools.stack import MySQL, Redis


async def test_a_process_killed_between_commit_and_publication_loses_nothing(
    new_stack: Callable[..., Stack], person: PersonFactory
) -> None:
    """Its Redis takes nothing; it commits, answers, and is killed. Others' sockets get the event all the
    same."""
    stack = new_stack(names=("auth", "todo"))
    alice = await person("Alice", stack=stack)
    async with redis_proxy(stack.redis.port) as proxy:
        doomed = await asyncio.to_thread(stack.replica, "todo", TODOLIST_REDIS_URL=proxy.url)
        created = await alice.post("/api/todo/lists", json={"title": "Groceries"})
        topic = f"list:{created.json()['id']}"
        async with alice.live("todo") as live:
            await live.subscribe(topic, after=0)
            proxy.silent = True
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.post(
                    f"{doomed.url}/api/todo/lists/{created.json()['id']}/tasks",
                    json={"title": "Milk"},
                    headers={"Authorization": f"Bearer {alice.token}"},
                )
            assert answer.status_code == 201
            doomed.kill()
            event = await live.frame(op="event", kind="task.created", timeout=20)
            assert event["data"] == answer.json()


async def test_a_socket_goes_on_without_redis(new_stack: Callable[..., Stack], person: PersonFactory) -> None:
    """Redis is killed: live screens lag by the poll; it comes back: at once again."""
    stack = new_stack(names=("auth", "todo"))
    alice = await person("Alice", stack=stack)
    list_id = (await alice.post("/api/todo/lists", json={"title": "Groceries"})).json()["id"]
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}", after=0)
        stack.redis.kill()
        for number in range(3):
            answer = await alice.post(f"/api/todo/lists/{list_id}/tasks", json={"title": str(number)})
            assert answer.status_code == 201
            await live.frame(op="event", seq=number + 2)
        assert (await alice.delete("/api/auth/sessions/current")).status_code == 204
        assert await live.ended(timeout=5) == 4500, "without Redis, sessions end by the poll"
        stack.redis.start()


@pytest.mark.slow
async def test_mysql_away_answers_503_at_once_and_recovers_by_itself(
    new_stack: Callable[..., Stack], person: PersonFactory
) -> None:
    """Killed, and stopped without an answer: no pile-up, the sockets stay, everything is back when it is."""
    stack = new_stack(names=("auth", "todo"))
    alice = await person("Alice", stack=stack)
    list_id = (await alice.post("/api/todo/lists", json={"title": "Groceries"})).json()["id"]
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}", after=0)
        stack.mysql.kill()
        answers = await asyncio.gather(
            *(alice.get("/api/todo/lists") for _ in range(30)),
            *(alice.post(f"/api/todo/lists/{list_id}/tasks", json={"title": "x"}) for _ in range(30)),
        )
        for answer in answers:
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert answer.headers["content-type"] == "application/problem+json"
        async with httpx.AsyncClient(trust_env=False) as client:
            ready = await client.get(f"{stack.url('todo')}/readyz")
            assert ready.status_code == 200, "an unready replica would turn our 503 into the proxy's 502"
            assert ready.json()["mysql"] == "away"
        stack.mysql.start()

        async def back() -> bool:
            return (await alice.get("/api/todo/lists")).status_code == 200

        await eventually(back, timeout=15)
        answer = await alice.post(f"/api/todo/lists/{list_id}/tasks", json={"title": "after"})
        assert answer.status_code == 201
        assert (await live.frame(op="event", kind="task.created"))["data"]["title"] == "after"


@pytest.mark.slow
async def test_a_killed_database_never_takes_back_a_number(
    new_mysql: Callable[[], MySQL], redis: Redis, make_log: MakeLog
) -> None:
    """kill -9 under load, three times: every acknowledged event and every number a reader has seen is still
    there."""
    mysql = new_mysql()
    topic = f"list:{new_id()}"
    settings = _fresh(mysql, redis)
    seen: dict[int, bytes] = {}
    acknowledged: dict[int, bytes] = {}
    over = asyncio.Event()
    async with make_log(settings) as writer, make_log(settings) as other:
        await create(writer, topic)

        async def write(name: int) -> None:
            turn = 0
            while not over.is_set():
                turn += 1
                text = f"{name}-{turn}"

                async def action(tx: Tx, text: str = text) -> int:
                    return await note(tx, topic, text)

                try:
                    seq = await writer.writer.write([topic], action)
                    acknowledged[seq] = b'{"text":"%s"}' % text.encode()
                except ServiceError:
                    await asyncio.sleep(0.05)

        async def read() -> None:
            while not over.is_set():
                try:
                    async with other.database.read() as connection:
                        events, _ = await reader.read_after(connection, topic, max(seen, default=0), 100)
                    seen.update({event.seq: event.data for event in events})
                except ServiceError:
                    pass
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(write(name)) for name in range(8)]
        tasks += [asyncio.create_task(read()) for _ in range(2)]
        for _ in range(3):
            reached = len(acknowledged) + 100

            async def loaded(reached: int = reached) -> bool:
                return len(acknowledged) >= reached

            await eventually(loaded, timeout=30)
            mysql.kill()
            await asyncio.to_thread(mysql.start)
        over.set()
        await asyncio.gather(*tasks)
        rows = {row.seq: bytes(row.data) for row in await _rows(writer, topic)}
    assert list(rows) == list(range(1, len(rows) + 1))
    assert {seq: rows[seq] for seq in acknowledged} == acknowledged
    assert {seq: rows[seq] for seq in seen} == seen


async def _rows(log: Log, topic: str) -> list[Any]:
    async def there() -> list[Any]:
        try:
            return await log.events(topic)
        except ServiceError:
            return []

    return await eventually(there, timeout=15)


def _fresh(mysql: MySQL, redis: Redis) -> ServiceSettings:
    engine = sa.create_engine(mysql.url().replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE DATABASE log"))
    engine.dispose()
    url = mysql.url(database="log")
    engine = sa.create_engine(url.replace("mysql://", "mysql+pymysql://"))
    metadata.create_all(engine)
    engine.dispose()
    return ServiceSettings.model_validate(
        {"database_url": url, "redis_url": redis.url, "service_key": "k" * 32, "pool_wait": 2}
    )


async def test_missing_server_settings_are_reported(
    new_mysql: Callable[[], MySQL], new_stack: Callable[..., Stack]
) -> None:
    """A server that could show a commit before it is durable: /readyz and the log say so."""
    mysql = new_mysql()
    engine = sa.create_engine(mysql.url().replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:
        connection.execute(sa.text("SET GLOBAL sync_binlog = 0"))
    engine.dispose()
    stack = new_stack(names=("auth",), mysql=mysql)
    async with httpx.AsyncClient(trust_env=False) as client:

        async def reported() -> bool:
            report = (await client.get(f"{stack.url('auth')}/readyz")).json()
            return bool(report["missing_settings"] == ["sync_binlog=0 (needs 1)"])

        await eventually(reported)
    assert "sync_binlog=0 (needs 1)" in stack.service("auth").log
