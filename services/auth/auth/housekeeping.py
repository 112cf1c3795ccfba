"""What happens by itself: a new signing key when it is time, and forgetting what nobody needs any more.

Every replica does it, at moments of its own; each step is safe when several do it at once.
"""

import asyncio
import random
from datetime import timedelta

import structlog

from auth import keys, store
from auth.keys import RETIREMENT, Safe
from auth.local import limits
from auth.settings import Settings
from common.clock import now
from common.log.transaction import Tx
from common.log.writer import Writer

INTERVAL = 600
"""Seconds from one round to the next, on average."""
BATCH = 1000
"""Rows deleted in one transaction, so that none holds its locks for long."""

logger = structlog.get_logger()


async def keep_house(log: Writer, settings: Settings, safe: Safe) -> None:
    """Rounds for as long as the process runs; one that fails is logged, and the next tries again."""
    while True:
        try:
            await one_round(log, settings, safe)
        except Exception:
            logger.exception("housekeeping failed")
        await asyncio.sleep(INTERVAL * random.uniform(0.5, 1.5))  # noqa: S311 - spreads replicas, no secret


async def one_round(log: Writer, settings: Settings, safe: Safe) -> None:
    """Rotate the signing key if it is due; delete old keys, sessions and audit records."""

    async def rotate(tx: Tx) -> str | None:
        known = await store.keys.all_of_them(tx.db)
        if over := keys.expired(known, tx.now):
            await store.keys.remove(tx.db, over)
        if not known or known[-1].active_from > tx.now - timedelta(days=settings.key_rotation_days):
            return None
        lead = timedelta(seconds=settings.key_lead_seconds)
        return await keys.make(tx.db, safe, known, active_from=tx.now + lead)

    async def forget_sessions(tx: Tx) -> int:
        return await store.sessions.prune(tx.db, tx.now - RETIREMENT, limits(settings, tx.now), BATCH)

    async def forget_audit(tx: Tx) -> int:
        return await store.audit.prune(tx.db, tx.now - timedelta(days=settings.retention_days), BATCH)

    if (kid := await log.write([], rotate)) is not None:
        logger.info("signing key rotated", kid=kid, at=now().isoformat())
    for forget in (forget_sessions, forget_audit):
        while await log.write([], forget) == BATCH:
            pass
