"""SQL about audit records."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.device import Origin
from auth.models import Audit
from common.ids import new_id

ON_THE_SERVER = Origin("command", "")
"""Done by the operator, with a command."""

_RECORD = insert(Audit)


async def record(
    db: AsyncConnection,
    at: datetime,
    kind: str,
    origin: Origin,
    *,
    account_id: UUID | None = None,
    session_id: UUID | None = None,
) -> None:
    """Write down what happened."""
    values = {
        "id": new_id(),
        "at": at,
        "kind": kind,
        "account_id": account_id,
        "session_id": session_id,
        "device": origin.device,
        "address": origin.address,
    }
    await db.execute(_RECORD, values)


async def prune(db: AsyncConnection, before: datetime, count: int) -> int:
    """Delete at most `count` old records; returns how many there were."""
    ids = list(await db.scalars(select(Audit.id).where(Audit.at < before).limit(count)))
    if ids:
        await db.execute(delete(Audit).where(Audit.id.in_(ids)))
    return len(ids)
