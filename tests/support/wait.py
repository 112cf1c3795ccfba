"""Waiting for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(condition: Callable[[], Awaitable[T]], timeout: float = 5) -> T:
    """Call the condition until it gives something true, and return that; a failed assertion is 'not yet'."""
    deadline = time.monotonic() + timeout
    while True:
        reason: BaseException | None = None
        try:
            value = await condition()
            if value:
                return value
        except AssertionError as error:
            reason = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {reason or condition}") from reason
        await asyncio.sleep(0.02)
