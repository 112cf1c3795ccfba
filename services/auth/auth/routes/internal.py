"""What other services ask directly. The front end does not route it."""

from uuid import UUID

from fastapi import APIRouter

from auth import store
from auth.topics import PublicAccount
from common.errors import NotFound
from common.runtime import Rt
from common.servicetoken import ServiceCaller

router = APIRouter(prefix="/api/auth/internal", tags=["internal"])


@router.get(
    "/accounts/{account_id}", operation_id="get_internal_account", summary="An account, asked by a service"
)
async def get_internal_account(
    rt: Rt,
    account_id: UUID,
    caller: ServiceCaller,  # noqa: ARG001 - being known is all that is asked
) -> PublicAccount:
    """A live account, for who has not heard of it by following `users` yet."""
    async with rt.database.read() as db:
        row = await store.accounts.get(db, account_id)
    if row is None:
        raise NotFound
    return PublicAccount(id=row.id, name=row.name, color=row.color, version=row.version)
