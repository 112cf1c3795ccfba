"""A connection to MySQL that is reset or leads nowhere is given to nobody again, and keeps no lock."""

import asyncio
import contextlib
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError

from common import database
from common.errors import Unavailable
from common.ids import new_id
from common.log import writer as writing
from common.log.transaction import Tx
from common.prepared import Prepared
from common.settings import ServiceSettings
from tests.common.conftest import MakeLog, create, note
from tests.support import eventually
from tests.support.proxy import Proxy
from tools.stack import MySQL


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


async def test_after_a_commit_that_failed_the_connection_is_nobodys(log_settings: ServiceSettings) -> None:
    """Its transaction may be open still, and the next one's would be committed with it."""
    db = database.Database(log_settings.model_copy(update={"pool_size": 1}))
    insert = sa.text("INSERT INTO topics (topic, seq, epoch, floor) VALUES ('x', 0, 'x', 0)")
    async with db.reads.connect() as other, db.writes.connect() as connection:
        first = await connection.scalar(sa.text("SELECT CONNECTION_ID()"))
        await connection.execute(sa.text("SET SESSION lock_wait_timeout = 1"))
        await connection.execute(insert)
        await other.execute(sa.text("FLUSH TABLES WITH READ LOCK"))
        try:
            with pytest.raises(DBAPIError) as failed:
                await connection.commit()
        finally:
            await other.execute(sa.text("UNLOCK TABLES"))
    assert database.is_away(failed.value), "nobody knows whether it was committed: it has to be sent again"
    async with db.writes.connect() as connection:
        assert await connection.scalar(sa.text("SELECT CONNECTION_ID()")) != first
    async with db.read() as other:
        assert await other.scalar(sa.text("SELECT count(*) FROM topics")) == 0
    await db.close()
