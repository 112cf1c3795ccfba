"""Signing out works everywhere within a second: tokens are refused, sockets closed."""

import functools
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.auth.conftest import DeviceFactory
from tests.auth.support import PASSWORD, SESSIONS, ended
from tests.support import Person, PersonFactory

pytestmark = pytest.mark.system

PATHS = {"auth": "/api/auth/me", "todo": "/api/todo/lists", "chat": "/api/chat/rooms"}
End = Callable[[Person], Awaitable[None]]
REFUSED = 4500
PROMISE = 1.0


async def sign_out(ann: Person) -> None:
    """Here and now."""
    assert (await ann.delete(f"{SESSIONS}/current")).status_code == 204


async def change_password(ann: Person) -> None:
    """From another session, which lives."""
    token = ann.token
    await ann.sign_in()
    body = {"current_password": PASSWORD, "new_password": "another horse entirely"}
    assert (await ann.put("/api/auth/me/password", json=body)).status_code == 204
    ann.token = token


async def leave(ann: Person) -> None:
    """For good."""
    assert (await ann.delete("/api/auth/me", json={"password": PASSWORD})).status_code == 204


@pytest.mark.parametrize("end", [sign_out, change_password, leave])
async def test_every_service_hears_of_it(person: PersonFactory, end: End) -> None:
    """Both sockets close with 4500, and no service takes the token any more."""
    ann = await person("Ann")
    async with ann.live("todo") as todo, ann.live("chat") as chat:
        for path in PATHS.values():
            assert (await ann.get(path)).status_code == 200
        begun = time.monotonic()
        await end(ann)
        codes = [await socket.ended() for socket in (todo, chat)]
        took = time.monotonic() - begun
        assert codes == [REFUSED, REFUSED]
        for path in PATHS.values():
            await ended(functools.partial(ann.get, path))
    assert took < 2 * PROMISE  # the promise, with room for a busy machine


async def test_other_sessions_stay(person: PersonFactory, device: DeviceFactory) -> None:
    """A socket of another session of the same person is not touched."""
    ann = await person("Ann")
    phone = await device(ann.email)
    async with ann.live("todo") as socket:
        headers = {"Authorization": f"Bearer {phone.access_token}"}
        await phone.client.delete(f"{phone.url}{SESSIONS}/current", headers=headers)
        await ended(phone.me)
        await socket.send({"op": "ping"})
        await socket.frame(op="pong")
        assert socket.closed is None
