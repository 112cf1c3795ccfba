"""Connections to MySQL, kept for the next who need one: how they are made, and when they are trusted no
longer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from common import metrics, tracing
from common.settings import ServiceSettings

CONNECT_TIMEOUT = 2  # seconds until a MySQL that does not answer counts as away
LOCK_TIMEOUT = 1  # seconds a transaction waits for a row lock before it is run again


class Pool:
    """So many connections and no more, given to those who ask in the order in which they asked.

    SQLAlchemy's own queue gives a connection that has become free to whoever asks next, and those who have
    waited go to its end again: with many who ask, some of them never get one in time.
    """

    def __init__(self, settings: ServiceSettings, name: str, *, isolation_level: str, idle: int) -> None:
        """`name` is the pool's in metrics. MySQL closes its connections after `idle` seconds of silence."""
        self.name, self.size = name, settings.pool_size
        self.waiting = 0
        self._wait = settings.pool_wait
        self._free = asyncio.Semaphore(self.size)  # fair: who comes late waits behind those who wait
        self._condemned = 0.0  # connections made before this moment are given to nobody
        self.engine = create_async_engine(
            settings.async_dsn(),
            isolation_level=isolation_level,
            pool_size=self.size,
            max_overflow=0,
            pool_timeout=self._wait,
            pool_recycle=idle // 2,  # so that none is taken which MySQL may just have closed
            pool_use_lifo=True,
            pool_reset_on_return=None,  # SQLAlchemy has ended every transaction by then, or see _give_up()
            skip_autocommit_rollback=True,
            hide_parameters=True,  # an error in the log must not carry what people wrote
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "charset": "utf8mb4",
                "init_command": "SET SESSION"
                f" innodb_lock_wait_timeout = {LOCK_TIMEOUT}, wait_timeout = {idle}",
            },
        )
        event.listen(self.engine.sync_engine, "do_connect", _connect)
        event.listen(self.engine.sync_engine, "connect", self._made)
        event.listen(self.engine.sync_engine, "checkout", self._check)
        event.listen(self.engine.sync_engine, "handle_error", _give_up)
        tracing.watch(self.engine)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """A connection. Raises PoolTimeout when none becomes free in time, and what connecting may raise."""
        await self._turn()
        try:
            async with self.engine.connect() as connection:
                yield connection
        finally:
            self._free.release()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction, which is committed at the end."""
        async with self.connect() as connection, connection.begin():
            yield connection

    async def _turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()  # at once
            return
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError:
            metrics.POOL_TIMEOUTS.labels(self.name).inc()
            raise PoolTimeout(f"all {self.size} connections are busy") from None
        finally:
            self.waiting -= 1

    @property
    def in_use(self) -> int:
        """Connections that somebody has."""
        pool = self.engine.pool
        assert isinstance(pool, AsyncAdaptedQueuePool)  # noqa: S101 - an engine for asyncio has no other
        return pool.checkedout()

    def condemn(self, before: float) -> None:
        """Give nobody a connection that was made before that moment (time.monotonic). One has led nowhere
        since, and a network that forgets one has forgotten others: who was given those would wait as long,
        one after the other."""
        self._condemned = max(self._condemned, before)

    def _made(self, _connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info["made"] = time.monotonic()

    def _check(self, _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        if entry.info["made"] < self._condemned:
            raise DisconnectionError  # SQLAlchemy makes it anew

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _connect(dialect: Dialect, _record: object, arguments: Any, options: Any) -> DBAPIConnection:
    """A new connection. asyncmy calls one that is reset while it is being made a RuntimeError."""
    try:
        return dialect.connect(*arguments, **options)
    except RuntimeError as error:
        raise ConnectionResetError(str(error)) from error


def _give_up(context: ExceptionContext) -> None:
    """Give nobody a connection whose COMMIT or ROLLBACK has failed: what it still holds, nobody knows."""
    if context.connection is not None and context.statement is None:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False  # the others are as good as before
