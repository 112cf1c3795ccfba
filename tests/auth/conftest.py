"""Fixtures of the tests of auth."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import httpx
import pytest

from tests.auth.support import AuthDatabase, Device
from tests.support import PersonFactory, Stack
from tests.support.person import new_client

DeviceFactory = Callable[..., Awaitable[Device]]


@pytest.fixture
def database(stack: Stack) -> Iterator[AuthDatabase]:
    """Auth's database."""
    database = AuthDatabase(stack.database_url("auth"))
    yield database
    database.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client that is nobody."""
    async with new_client() as client:
        yield client


@pytest.fixture
async def device(stack: Stack, client: httpx.AsyncClient, person: PersonFactory) -> DeviceFactory:
    """A factory of signed-in devices, of a new person or of one that is there."""

    async def make(email: str | None = None) -> Device:
        made = Device(stack, client, email or (await person("Dora")).email)
        answer = await made.sign_in()
        assert answer.status_code == 201, answer.text
        return made

    return make
