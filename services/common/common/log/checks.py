"""The server settings on which the log depends: a number that was seen must never be given again
(docs/adr/0001)."""

import asyncio
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text

from common.database import Database
from common.errors import ServiceError

CHECK_SECONDS = 60.0
AGAIN_SECONDS = 2.0
# Without the binary log, or without syncing it, MariaDB shows a commit to others before it is durable.
REQUIRED = {"log_bin": "ON", "sync_binlog": "1", "innodb_flush_log_at_trx_commit": "1"}

logger = structlog.get_logger()


@dataclass
class Report:
    """What is known of the server's settings."""

    missing: list[str] = field(default_factory=list)


async def missing_settings(database: Database) -> list[str]:
    """The settings that are not as the log needs them, as `name=value (needs …)`."""
    async with database.read() as connection:
        names = ", ".join(f"'{name}'" for name in REQUIRED)
        rows = await connection.execute(text(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"))
        found = {str(name): str(value) for name, value in rows.all()}
    return [
        f"{name}={found.get(name, 'not there')} (needs {needed})"
        for name, needed in REQUIRED.items()
        if found.get(name) != needed
    ]


async def run(database: Database, report: Report) -> None:
    """Look from time to time, and say in the log when something is missing."""
    while True:
        try:
            report.missing = await missing_settings(database)
            if report.missing:
                logger.error("database settings endanger acknowledged writes", settings=report.missing)
            wait = CHECK_SECONDS
        except ServiceError:
            wait = AGAIN_SECONDS
        except Exception:
            logger.exception("database settings not checked")
            wait = CHECK_SECONDS
        await asyncio.sleep(wait)
