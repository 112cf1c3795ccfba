"""Connections to MySQL, kept for the next who need one: how they are made, and when they are trusted no
longer."""

import time
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection

from common import metrics, tracing
from common.settings import ServiceSettings

CONNECT_TIMEOUT = 2  # seconds until a MySQL that does not answer counts as away
LOCK_TIMEOUT = 1  # seconds a transaction waits for a row lock before it is run again


class CountedPool(AsyncAdaptedQueuePool):
    """A pool that knows who waits for it."""

    waiting = 0
    _condemned = 0.0  # connections made before this moment are given to nobody

    def connect(self) -> PoolProxiedConnection:
        """A connection of the pool, when there is one."""
        self.waiting += 1
        try:
            return super().connect()
        except PoolTimeout:
            metrics.POOL_TIMEOUTS.labels(self.logging_name).inc()
            raise
        finally:
            self.waiting -= 1

    def condemn(self, before: float) -> None:
        """Give nobody a connection that was made before that moment (time.monotonic). One has led nowhere
        since, and a network that forgets one has forgotten others: who was given those would wait as long,
        one after the other."""
        self._condemned = max(self._condemned, before)

    def made(self, _connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        """Called by the pool with each new connection (PoolEvents.connect)."""
        entry.info["made"] = time.monotonic()

    def check(self, _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        """Called by the pool with a connection that it is about to give (PoolEvents.checkout)."""
        if entry.info["made"] < self._condemned:
            raise DisconnectionError  # SQLAlchemy makes it anew


def make_engine(settings: ServiceSettings, name: str, *, isolation_level: str, idle: int) -> AsyncEngine:
    """An engine with a pool of that name. MySQL closes its connections after `idle` seconds of silence."""
    engine = create_async_engine(
        settings.async_dsn(),
        isolation_level=isolation_level,
        poolclass=CountedPool,
        pool_logging_name=name,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_wait,
        pool_recycle=idle // 2,  # so that none is taken which MySQL may just have closed
        pool_use_lifo=True,
        skip_autocommit_rollback=True,
        hide_parameters=True,  # an error in the log must not carry what people wrote
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "charset": "utf8mb4",
            "init_command": f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT}, wait_timeout = {idle}",
        },
    )
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "connect", pool_of(engine).made)
    event.listen(engine.sync_engine, "checkout", pool_of(engine).check)
    tracing.watch(engine)
    return engine


def pool_of(engine: AsyncEngine) -> CountedPool:
    """The pool of an engine that was made here."""
    assert isinstance(engine.pool, CountedPool)  # noqa: S101 - make_engine() takes no other
    return engine.pool


def _connect(dialect: Dialect, _record: object, arguments: Any, options: Any) -> DBAPIConnection:
    """A new connection. asyncmy calls one that is reset while it is being made a RuntimeError."""
    try:
        return dialect.connect(*arguments, **options)
    except RuntimeError as error:
        raise ConnectionResetError(str(error)) from error
