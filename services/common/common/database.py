"""MySQL for one process: two bounded pools (reads, writes), and what counts as "away"."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import Unavailable
from common.pool import Pool
from common.settings import ServiceSettings

# Seconds of silence after which MySQL closes a connection that writes. A process that vanishes in the middle
# of a transaction (its node, its network) does not say so, and until then its rows stay locked for everybody.
# No transaction of ours is silent for longer than a statement may take.
IDLE_TIMEOUT = 6
IDLE_READS = 2 * 3600  # those hold no lock, and making one anew costs more than most reads
# Seconds that a read, or a whole writing transaction, may take before the caller gets 503. Another service
# waits for five (client.py), and people hardly for more.
STATEMENT_TIMEOUT = 4.0

# MySQL manual, "Server/Client Error Message Reference": deadlock found, lock wait timeout exceeded.
LOCK_WAIT = 1205
RETRY = {LOCK_WAIT, 1213}
# Too many connections, not ready, shutdown, network errors, read-only after a failover, gone away, lost,
# killed.
AWAY = {
    1040,
    1047,
    1053,
    1077,
    1079,
    1158,
    1159,
    1160,
    1161,
    1203,
    1290,
    1317,
    1792,
    1836,
    1927,
    2002,
    2003,
    2006,
    2013,
    2014,
    2055,
    3168,
    3169,
    4031,
}


FAILURES = (DBAPIError, PendingRollbackError, PoolTimeout, TimeoutError, OSError)
"""What a statement may end with when something is wrong with the database, or with the statement."""


def error_number(error: BaseException) -> int | None:
    """The MySQL error number of a failed statement, when there is one."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    arguments = getattr(origin, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_away(error: BaseException) -> bool:
    """Whether it means that MySQL cannot be reached, or that all of our connections to it are busy."""
    # PendingRollbackError: the connection was lost in a statement before this one.
    if isinstance(error, PoolTimeout | PendingRollbackError | TimeoutError | OSError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return error_number(error) in AWAY


def is_unreachable(error: BaseException | None) -> bool:
    """Whether it means that MySQL cannot be reached; that our connections are busy is another matter."""
    return error is not None and is_away(error) and not isinstance(error, PoolTimeout)


class Database:
    """The two pools. Reads commit by themselves and leave no trace; writes are transactions of the log."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.reads = Pool(settings, "reads", isolation_level="AUTOCOMMIT", idle=IDLE_READS)
        self.writes = Pool(settings, "writes", isolation_level="READ COMMITTED", idle=IDLE_TIMEOUT)
        self.away = False  # whether MySQL could not be reached the last time somebody tried

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for a few reads: each statement sees what was committed when it began.

        Raises Unavailable (503) at once when MySQL is away or the pool stays exhausted. Never held while
        waiting for anything but MySQL.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT), self.reads.connect() as connection:
                yield connection
            self.away = False
        except FAILURES as error:
            if is_away(error):
                self.note_away(error, began)
                raise Unavailable("The database is away or busy. Try again shortly.") from error
            raise

    def note_away(self, error: BaseException, began: float) -> None:
        """Remember for `/readyz` that MySQL was away. If somebody has waited in vain since `began`
        (time.monotonic), trust no connection any more that is older."""
        self.away = is_unreachable(error)
        if isinstance(error, TimeoutError):
            for pool in self.pools():
                pool.condemn(began)

    def pools(self) -> Sequence[Pool]:
        """Both."""
        return self.reads, self.writes

    async def close(self) -> None:
        """Close every connection."""
        for pool in self.pools():
            await pool.close()
