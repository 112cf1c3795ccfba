"""Signing in and out, refreshing, one's own sessions."""

import contextlib
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from auth import cookies, cursors, store
from auth.actions import sessions
from auth.actions.sessions import Issued
from auth.device import From
from auth.errors import SessionEnded
from auth.local import local
from auth.schemas import Refresh, Session, SignIn, Tokens
from common.clock import now
from common.errors import NotFound, Unauthorized
from common.identity import Me, identify
from common.runtime import Rt, Runtime
from common.schemas import Cursor, Limit, Page

router = APIRouter(prefix="/api/auth/sessions", tags=["sessions"])


def _answer(rt: Runtime, response: Response, issued: Issued, transport: Literal["cookie", "body"]) -> Tokens:
    response.headers["Cache-Control"] = "no-store"
    if transport == "cookie":
        cookies.write(response, local(rt).settings, issued.refresh_token)
    return Tokens(
        access_token=issued.access_token,
        expires_in=issued.expires_in,
        session=issued.session,
        refresh_token=issued.refresh_token if transport == "body" else None,
    )


@router.post("", operation_id="create_session", summary="Sign in", status_code=201)
async def create_session(rt: Rt, body: SignIn, origin: From, request: Request, response: Response) -> Tokens:
    """Sign in. The refresh token comes as a cookie, unless `transport` is `body`."""
    if body.transport == "cookie":
        cookies.check_origin(request, local(rt).settings)
    return _answer(rt, response, await sessions.sign_in(rt, body, origin), body.transport)


@router.post("/refresh", operation_id="refresh_session", summary="Get a new access token")
async def refresh_session(
    rt: Rt, origin: From, request: Request, response: Response, body: Refresh | None = None
) -> Tokens:
    """Exchange the refresh token, from the body or else the cookie, for the current tokens of the session."""
    if body is not None:
        return _answer(rt, response, await sessions.refresh(rt, body.refresh_token, origin), "body")
    # A 401 leaves the cookie alone: a newer sign-in in another tab may just have replaced it.
    return _answer(rt, response, await sessions.refresh(rt, _cookie(rt, request), origin), "cookie")


def _cookie(rt: Runtime, request: Request) -> str:
    settings = local(rt).settings
    cookies.check_origin(request, settings)
    token = cookies.read(request, settings)
    if token is None:
        raise SessionEnded
    return token


@router.get("", operation_id="list_sessions", summary="Where you are signed in")
async def list_sessions(rt: Rt, me: Me, limit: Limit = 50, cursor: Cursor = None) -> Page[Session]:
    """Your sessions, the newest first."""
    before = cursors.read(cursor)
    async with rt.database.read() as db:
        rows = await store.sessions.page(db, me.account_id, local(rt).limits(now()), before, limit)
    following = cursors.following([row.id for row in rows], limit)
    return Page[Session](items=[sessions.shown(row, me.session_id) for row in rows], next=following)


@router.delete("/current", operation_id="delete_current_session", summary="Sign out", status_code=204)
async def delete_current_session(rt: Rt, origin: From, request: Request, response: Response) -> None:
    """Sign out here: with the access token or, when that has expired, the refresh cookie. Clears it."""
    try:
        me = await identify(request)
        with contextlib.suppress(NotFound):  # another tab was quicker
            await sessions.sign_out(rt, me.account_id, me.session_id, origin)
    except Unauthorized:
        if cookies.read(request, local(rt).settings) is None:
            raise
        await sessions.sign_out_by_token(rt, _cookie(rt, request), origin)
    cookies.clear(response, local(rt).settings)


@router.delete("/{session_id}", operation_id="delete_session", summary="Sign a device out", status_code=204)
async def delete_session(rt: Rt, me: Me, session_id: UUID, origin: From) -> None:
    """End one of your sessions, on whichever device."""
    await sessions.sign_out(rt, me.account_id, session_id, origin)


@router.delete(
    "", operation_id="delete_other_sessions", summary="Sign all other devices out", status_code=204
)
async def delete_other_sessions(rt: Rt, me: Me, origin: From) -> None:
    """End all of your sessions but this one."""
    await sessions.sign_out_others(rt, me.account_id, me.session_id, origin)
