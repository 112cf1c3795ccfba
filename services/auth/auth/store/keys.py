"""SQL about signing keys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.models import SigningKey
from auth.rows import AnyRow


async def all_of_them(db: AsyncConnection) -> Sequence[AnyRow]:
    """Every key, the newest last."""
    columns = (SigningKey.kid, SigningKey.public, SigningKey.sealed, SigningKey.active_from)
    return (await db.execute(select(*columns).order_by(SigningKey.active_from, SigningKey.created_at))).all()


async def add(db: AsyncConnection, values: dict[str, Any]) -> bool:
    """Add a key after the one it follows; False when another process has added one there."""
    statement = insert(SigningKey).prefix_with("IGNORE").values(values)
    return bool((await db.execute(statement)).rowcount)


async def remove(db: AsyncConnection, kids: Sequence[str]) -> None:
    """Forget keys whose tokens have all expired."""
    await db.execute(delete(SigningKey).where(SigningKey.kid.in_(kids)))
