"""When a process is ready: once everything that it cannot do without has been there. What goes away after
that makes nobody unready."""

import asyncio
import contextlib

import structlog
from sqlalchemy import text

from common.database import Database
from common.errors import ServiceError
from common.identity import Keys
from common.sessions import Sessions

AGAIN_SECONDS = 0.5
LOOK_SECONDS = 0.05

logger = structlog.get_logger()


class Readiness:
    """Whether the first start is complete. Until it is, it is tried again."""

    def __init__(self) -> None:
        self._complete = asyncio.Event()

    @property
    def complete(self) -> bool:
        """Whether the process may be sent work."""
        return self._complete.is_set()

    async def wait(self, seconds: float) -> None:
        """Wait until it is complete, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._complete.wait(), seconds)

    async def know_who_asks(self, keys: Keys, sessions: Sessions) -> None:
        """A server is ready once the public keys and the ended sessions are read."""
        while not self.complete:
            try:
                await keys.refresh()
                if sessions.loaded:
                    self._complete.set()
                await asyncio.sleep(LOOK_SECONDS)
            except Exception as error:
                expected = isinstance(error, ServiceError)
                logger.warning("not ready yet", reason=str(error), exc_info=None if expected else error)
                await asyncio.sleep(AGAIN_SECONDS)
        logger.info("ready")

    async def reach(self, database: Database) -> None:
        """A worker is ready once it has reached its database: settings that lead nowhere show at once."""
        while not self.complete:
            try:
                async with database.read() as connection:
                    await connection.execute(text("SELECT 1"))
                self._complete.set()
            except Exception as error:
                logger.warning("not ready yet", reason=str(error))
                await asyncio.sleep(AGAIN_SECONDS)
        logger.info("ready")
