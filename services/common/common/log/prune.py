"""Pruning: a higher floor is committed first, then the events below it are deleted. Rows of `topics` stay
for ever."""

import asyncio
import random
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select, update

from common.clock import now
from common.database import Database
from common.log.tables import EVENTS, TOPICS

EVERY_SECONDS = 3600.0
TOPICS_AT_ONCE = 100
ROWS_AT_ONCE = 1000

logger = structlog.get_logger()


async def run(database: Database, retention_days: int) -> None:
    """Prune from time to time. Several replicas may do so at once: a floor only rises, and deleting twice
    is harmless."""
    while True:
        await asyncio.sleep(random.uniform(0.5, 1.5) * EVERY_SECONDS)  # noqa: S311 - spreads the replicas
        try:
            await prune(database, now() - timedelta(days=retention_days))
        except Exception:
            logger.exception("not pruned; it is tried again later")


async def prune(database: Database, before: datetime) -> int:
    """Remove the events older than `before`; returns how many."""
    removed = 0
    while floors := await _old(database, before):
        for topic, seq in floors:
            removed += await _prune_topic(database, topic, seq)
    return removed


async def _old(database: Database, before: datetime) -> list[tuple[bytes, int]]:
    """Some topics that have old events, each with the last old number."""
    statement = (
        select(EVENTS.c.topic, func.max(EVENTS.c.seq)).where(EVENTS.c.at < before).group_by(EVENTS.c.topic)
    ).limit(TOPICS_AT_ONCE)
    async with database.read() as connection:
        return [(bytes(topic), seq) for topic, seq in await connection.execute(statement)]


async def _prune_topic(database: Database, topic: bytes, floor: int) -> int:
    async with database.writes.begin() as connection:
        raised = update(TOPICS).where(TOPICS.c.topic == topic, TOPICS.c.floor < floor).values(floor=floor)
        await connection.execute(raised)
    removed = 0
    while True:
        async with database.writes.begin() as connection:
            rows = delete(EVENTS).where(EVENTS.c.topic == topic, EVENTS.c.seq <= floor)
            count = (await connection.execute(rows.with_dialect_options(mysql_limit=ROWS_AT_ONCE))).rowcount
        removed += count
        if count < ROWS_AT_ONCE:
            return removed
