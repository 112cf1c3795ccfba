"""One's own account."""

from fastapi import APIRouter, Request, Response

from auth import store
from auth.actions import accounts
from auth.device import From
from auth.schemas import Account, PasswordChange, PasswordProof, ProfileChange
from common.errors import NotFound
from common.etag import IfMatch, conditional, etag, json_response
from common.identity import Me
from common.runtime import Rt
from common.schemas import encode

router = APIRouter(prefix="/api/auth/me", tags=["me"])


@router.get("", operation_id="get_me", summary="Your account", response_model=Account)
async def get_me(rt: Rt, me: Me, request: Request) -> Response:
    """Your own account."""
    async with rt.database.read() as db:
        row = await store.accounts.get(db, me.account_id)
    if row is None:
        raise NotFound
    return conditional(request, lambda: encode(Account.model_validate(row)), etag(row.version))


@router.patch("", operation_id="update_me", summary="Change your profile", response_model=Account)
async def update_me(rt: Rt, me: Me, body: ProfileChange, if_match: IfMatch = None) -> Response:
    """Change the fields given (RFC 7396)."""
    account = await accounts.change_profile(rt, me.account_id, body, if_match)
    return json_response(encode(account), tag=etag(account.version))


@router.delete("", operation_id="delete_me", summary="Delete your account", status_code=204)
async def delete_me(rt: Rt, me: Me, body: PasswordProof, origin: From) -> None:
    """Delete your account; the password proves that it is you. What you wrote in lists and rooms stays."""
    await accounts.leave(rt, me.account_id, body.password.get_secret_value(), origin)


@router.put("/password", operation_id="change_password", summary="Change your password", status_code=204)
async def change_password(rt: Rt, me: Me, body: PasswordChange, origin: From) -> None:
    """Change your password. All your other sessions end; this one goes on."""
    await accounts.change_password(rt, me.account_id, me.session_id, body, origin)
