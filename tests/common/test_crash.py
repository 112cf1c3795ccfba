"""What was acknowledged is never lost, and what anyone has seen is never taken back: processes are killed
to show it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from common import database
from common.errors import ServiceError, Unavailable
from common.ids import new_id
from common.log import reader
from common.log import writer as writing
from common.log.transaction import Tx
from common.prepared import Prepared
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, metadata, note
from tests.support import PersonFactory, Stack, eventually
from tests.support.live import open_live
from tests.support.proxy import Proxy, redis_proxy
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


async def test_a_connection_that_is_reset_while_it_is_made_is_503(
    log_settings: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asyncmy looks at the socket once the connection is made, and finds none when it was reset just then."""

    async def reset(**_: Any) -> None:
        raise RuntimeError("Transport does not expose socket instance")

    monkeypatch.setattr("asyncmy.connect", reset)
    away = database.Database(log_settings)
    with pytest.raises(Unavailable):
        async with away.read():
            raise AssertionError("there is no connection")
    with pytest.raises(Unavailable):
        await writing.Writer(away, lambda _: None).write([], create_nothing)
    await away.close()


async def create_nothing(_: Tx) -> None:
    """Only begins."""


async def test_one_connection_that_leads_nowhere_condemns_those_made_before(
    log_settings: ServiceSettings, mysql: MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network has forgotten all of them. Who meets the first waits until it gives up; if everybody had to
    find out about each of the others in turn, a pool would take minutes to recover."""
    monkeypatch.setattr(database, "STATEMENT_TIMEOUT", 2)
    proxy = Proxy(mysql.port)
    await proxy.start()
    url = log_settings.database_url.get_secret_value().replace(f":{mysql.port}/", f":{proxy.port}/")
    db = database.Database(log_settings.model_copy(update={"database_url": SecretStr(url)}))
    writer = writing.Writer(db, lambda _: None)
    async with contextlib.AsyncExitStack() as several:
        for _ in range(3):
            await (await several.enter_async_context(db.read())).execute(sa.select(1))
    await writer.write([], create_nothing)
    proxy.forget()
    with pytest.raises(Unavailable):
        await _read_one(db)
    await asyncio.gather(*(_read_one(db) for _ in range(3)))
    await writer.write([], create_nothing)
    await db.close()
    await proxy.close()


async def _read_one(db: database.Database) -> None:
    async with db.read() as connection:
        await connection.execute(sa.select(1))


async def test_a_prepared_read_gives_up_what_it_was_reading_from(
    log_settings: ServiceSettings, mysql: MySQL
) -> None:
    """Whether the connection is lost, whoever waits goes away, or MySQL refuses: nobody is given it again."""
    proxy = Proxy(mysql.port)
    await proxy.start()
    url = log_settings.database_url.get_secret_value().replace(f":{mysql.port}/", f":{proxy.port}/")
    db = database.Database(log_settings.model_copy(update={"database_url": SecretStr(url), "pool_size": 1}))
    one = Prepared(sa.select(sa.literal(1), sa.bindparam("text", type_=sa.LargeBinary)))
    asleep = Prepared(sa.select(sa.func.sleep(sa.bindparam("seconds", type_=sa.Integer))))
    wrong = Prepared(sa.select(sa.column("nothing")))

    async def read(statement: Prepared, **values: bytes | int) -> Any:
        async with db.read() as connection:
            return list(await statement.rows(connection, **values))

    quoted = "it's 月餅".encode()
    assert await read(one, text=quoted) == [(1, quoted)]
    proxy.cut()
    with pytest.raises(Unavailable):
        await read(one, text=b"")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(read(asleep, seconds=3), 0.2)
    with pytest.raises(sa.exc.DBAPIError, match="nothing"):
        await read(wrong)
    assert await read(one, text=b"") == [(1, b"")]
    await db.close()
    await proxy.close()


@pytest.mark.slow
async def test_a_process_that_vanishes_keeps_no_lock(
    log_settings: ServiceSettings, mysql: MySQL, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its node or its network is gone in the middle of a transaction, and MySQL is not told: others may write
    soon all the same."""
    monkeypatch.setattr(database, "IDLE_TIMEOUT", 2)
    monkeypatch.setattr(writing, "STATEMENT_TIMEOUT", 1)
    topic = f"list:{new_id()}"
    proxy = Proxy(mysql.port)
    await proxy.start()
    url = log_settings.database_url.get_secret_value().replace(f":{mysql.port}/", f":{proxy.port}/")
    elsewhere = log_settings.model_copy(update={"database_url": SecretStr(url)})
    async with make_log(elsewhere) as vanishing, make_log(log_settings) as other:
        await create(other, topic)

        async def vanish(tx: Tx) -> int:
            proxy.forget()
            return await note(tx, topic, "never written")

        async def write(tx: Tx) -> int:
            return await note(tx, topic, "written")

        with pytest.raises(Unavailable):
            await vanishing.writer.write([topic], vanish)

        async def written() -> bool:
            with contextlib.suppress(Unavailable):
                return await other.writer.write([topic], write) == 1
            return False

        await eventually(written, timeout=15)
        await proxy.close()


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


async def test_sockets_without_a_token_cost_no_database(stack: Stack) -> None:
    """An idle socket holds no connection of the pool: more of them than the pool has do no harm."""
    lives = [open_live(f"{stack.url('todo')}/api/todo/live", None) for _ in range(40)]
    for live in lives:
        await live.__aenter__()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{stack.url('todo')}/readyz")).status_code == 200
    for live in lives:
        await live.__aexit__(None, None, None)
