"""Connections to MySQL are few, and everybody gets one in their turn."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import sqlalchemy as sa

from common.database import Database
from common.errors import NotFound, Unavailable
from common.ids import new_id
from common.log.transaction import Tx
from common.settings import ServiceSettings
from tests.common.conftest import MakeLog
from tests.support import Stack, eventually
from tests.support.live import open_live


@pytest.fixture
async def database(log_settings: ServiceSettings) -> AsyncIterator[Database]:
    """With one connection for reads, and a short patience."""
    database = Database(log_settings.model_copy(update={"pool_size": 1, "pool_wait": 0.5}))
    yield database
    await database.close()


async def test_who_has_waited_for_a_connection_comes_before_who_has_not(database: Database) -> None:
    """Or those who ask at the wrong moment never get one, and are refused while everybody else is served."""
    order: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def ask(name: str) -> None:
        async with database.read() as connection:
            order.append(name)
            await connection.execute(sa.text("SELECT 1"))

    async def all_wait() -> bool:
        return database.reads.waiting == 3

    async def late_asks() -> bool:
        return len(tasks) == 4

    @sa.event.listens_for(database.reads.engine.sync_engine, "checkin", once=True)
    def _(*_: object) -> None:
        """In the very turn in which the connection becomes free, somebody else asks."""
        tasks.append(asyncio.get_running_loop().create_task(ask("late")))

    async with database.read():
        tasks += [asyncio.create_task(ask(name)) for name in ("first", "second", "third")]
        await eventually(all_wait)
    await eventually(late_asks)
    await asyncio.gather(*tasks)
    assert order == ["first", "second", "third", "late"]


async def test_who_waits_too_long_is_refused_and_leaves_no_trace(database: Database) -> None:
    """Counted while waiting, gone afterwards; the connection is there for the next."""
    async with database.read():
        assert database.reads.in_use == 1
        with pytest.raises(Unavailable):
            async with database.read():
                pass
        assert (database.reads.waiting, database.reads.in_use) == (0, 1)
    async with database.read() as connection:
        assert await connection.scalar(sa.text("SELECT 1")) == 1
    assert database.reads.in_use == 0


async def test_a_transaction_ends_once(log_settings: ServiceSettings, make_log: MakeLog) -> None:
    """Nothing is left to undo after its commit, so MySQL is not asked to: everybody would wait for that
    answer too."""

    async def note(tx: Tx) -> None:
        await tx.lock("users")
        tx.append("users", "note.put", resource_id=new_id(), actor_id=None, data=b"{}")

    async def refuse(tx: Tx) -> None:
        await note(tx)
        raise NotFound

    async def rollbacks() -> int:
        async with log.database.writes.connect() as connection:
            row = (await connection.execute(sa.text("SHOW SESSION STATUS LIKE 'Com_rollback'"))).one()
        return int(row[1])

    async with make_log(log_settings.model_copy(update={"pool_size": 1})) as log:
        before = await rollbacks()
        await log.writer.write(["users"], note)
        assert await rollbacks() == before + 1, "one was for the reading of the status itself"
        with pytest.raises(NotFound):
            await log.writer.write(["users"], refuse)
        assert await rollbacks() == before + 3
        assert [event.seq for event in await log.events("users")] == [1]


async def test_sockets_without_a_token_cost_no_database(stack: Stack) -> None:
    """An idle socket holds no connection of the pool: more of them than the pool has do no harm."""
    lives = [open_live(f"{stack.url('todo')}/api/todo/live", None) for _ in range(40)]
    for live in lives:
        await live.__aenter__()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{stack.url('todo')}/readyz")).status_code == 200
    for live in lives:
        await live.__aexit__(None, None, None)
