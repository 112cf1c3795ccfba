"""The auth service, put together: what the common application factory needs to know of it."""

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from auth import feeds, keys
from auth.housekeeping import keep_house
from auth.keys import KeyRing, Safe
from auth.local import Local, local
from auth.passwords import Passwords
from auth.refresh import RefreshTokens
from auth.routes import ROUTERS
from auth.settings import Settings
from auth.topics import SESSIONS, USERS
from common.app import create_app, create_worker
from common.identity import FetchKeys
from common.log.transaction import Tx
from common.runtime import Runtime
from common.service import Service
from common.settings import load


@asynccontextmanager
async def _setup(rt: Runtime) -> AsyncIterator[Local]:
    """What a process of this service keeps. Waits for nothing: the database may be away."""
    settings = rt.settings
    assert isinstance(settings, Settings)  # noqa: S101 - `service` was given them
    passwords = Passwords(
        memory_kib=settings.argon2_memory_kib,
        time_cost=settings.argon2_time_cost,
        threads=settings.password_threads,
        queue=settings.password_queue,
    )
    safe = Safe(settings.sealing_key())
    refresh = RefreshTokens(settings.refresh_key.get_secret_value())
    try:
        yield Local(settings, refresh, passwords, safe, KeyRing(rt.database, safe))
    finally:
        passwords.close()


def _background(rt: Runtime) -> list[Coroutine[Any, Any, None]]:
    settings = rt.settings
    assert isinstance(settings, Settings)  # noqa: S101 - `service` was given them
    return [keep_house(rt.log, settings, Safe(settings.sealing_key()))]


def _own_keys(rt: Runtime) -> FetchKeys:
    """Auth verifies tokens from its own database; a process is not ready before it could sign one."""

    async def fetch() -> dict[str, Any]:
        ring = local(rt).keys
        if not await ring.published():
            await rt.log.write([USERS, SESSIONS], begin)
            await ring.reload()
        await ring.signer()
        return {"keys": await ring.published()}

    async def begin(tx: Tx) -> None:
        # The first start of all: the topics, which the transaction has locked and thereby made, and a key.
        await keys.make_first(tx.db, local(rt).safe, tx.now)

    return fetch


def service(settings: Settings) -> Service:
    """The service's parts."""
    return Service(
        name="auth",
        settings=settings,
        routers=ROUTERS,
        feeds={USERS: feeds.users, SESSIONS: feeds.sessions},
        setup=_setup,
        background=_background,
        local_keys=_own_keys,
    )


def build() -> FastAPI:
    """The application, from the environment. Touches neither database nor network."""
    return create_app(service(load(Settings)))


def build_worker() -> FastAPI:
    """The background work, from the environment."""
    return create_worker(service(load(Settings)))
