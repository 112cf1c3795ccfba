"""Registering, and the public side of accounts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from auth import store
from auth.actions import accounts
from auth.device import From
from auth.schemas import Account, Email, NewAccount, Profile
from common.errors import Invalid
from common.etag import etag, json_response
from common.identity import Me
from common.runtime import Rt
from common.schemas import Page, encode

router = APIRouter(prefix="/api/auth/accounts", tags=["accounts"])


@router.post("", operation_id="create_account", summary="Register", status_code=201, response_model=Account)
async def create_account(rt: Rt, body: NewAccount, origin: From) -> Response:
    """Create an account. Sign in afterwards."""
    account = await accounts.register(rt, body, origin)
    return json_response(encode(account), status=201, tag=etag(account.version))


@router.get("", operation_id="list_accounts", summary="Find people")
async def list_accounts(
    rt: Rt,
    me: Me,  # noqa: ARG001 - only who is signed in may ask
    ids: Annotated[list[UUID] | None, Query(max_length=100, description="repeat for several")] = None,
    email: Annotated[Email | None, Query(description="the whole address")] = None,
) -> Page[Profile]:
    """Public profiles, by ids or by exact e-mail address; who is not there is left out."""
    async with rt.database.read() as db:
        if ids is not None and email is None:
            rows = await store.accounts.profiles(db, ids)
        elif email is not None and ids is None:
            rows = await store.accounts.profile_by_email(db, email)
        else:
            raise Invalid.field("ids", "one-of", "give either ids or email")
    return Page[Profile](items=[Profile.model_validate(row) for row in rows], next=None)
