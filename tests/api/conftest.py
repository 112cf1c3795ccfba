"""Fixtures of the tests that look at the three services from outside, all alike."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.world import World
from tests.support import Stack
from tests.support.person import new_client


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[World]:
    """People in every role, and one of each thing."""
    world = World(stack)
    try:
        await world.begin()
        yield world
    finally:
        await world.end()


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client that is nobody."""
    async with new_client() as client:
        yield client
