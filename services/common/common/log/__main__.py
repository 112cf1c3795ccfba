"""Commands for operators: `python -m common.log new-epoch | prune | check`, on the database in
TODOLIST_DATABASE_URL."""

import argparse
import asyncio
import sys
from datetime import timedelta

from sqlalchemy import func, select, update

from common.clock import now
from common.database import Database
from common.log import checks
from common.log.prune import prune
from common.log.tables import TOPICS
from common.log.transaction import new_epoch
from common.settings import ServiceSettings, load


async def _new_epoch(database: Database) -> str:
    """After a restore or a failover to a replica that may lack commits: every client loads the state
    again."""
    async with database.writes.begin() as connection:
        await connection.execute(update(TOPICS).values(epoch=new_epoch().encode()))
        count = (await connection.execute(select(func.count()).select_from(TOPICS))).scalar_one()
    return f"{count} topics have begun a new epoch"


async def _main(command: str, settings: ServiceSettings) -> str:
    database = Database(settings)
    try:
        if command == "new-epoch":
            return await _new_epoch(database)
        if command == "prune":
            removed = await prune(database, now() - timedelta(days=settings.retention_days))
            return f"{removed} events removed"
        missing = await checks.missing_settings(database)
        return "\n".join(missing) if missing else "the server settings are as the log needs them"
    finally:
        await database.close()


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m common.log", description=__doc__)
    parser.add_argument("command", choices=["new-epoch", "prune", "check"])
    command = parser.parse_args().command
    sys.stdout.write(asyncio.run(_main(command, load(ServiceSettings))) + "\n")


if __name__ == "__main__":
    main()
