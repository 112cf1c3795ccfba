"""Hashing: bounded, off the loop, the same cost for everybody."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from auth.passwords import Passwords
from common.errors import Unavailable


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Cheap ones, one at a time, two waiting."""
    made = Passwords(memory_kib=64, time_cost=1, threads=1, queue=2)
    yield made
    made.close()


async def test_a_password_is_right_or_wrong(passwords: Passwords) -> None:
    """Nobody's password is never right."""
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "battery staple")
    assert not await passwords.verify(None, "correct horse")
    assert not await passwords.verify("no hash at all", "correct horse")


async def test_what_looks_the_same_is_the_same(passwords: Passwords) -> None:
    """One keyboard composes the letter, another sends two characters."""
    assert await passwords.verify(await passwords.hash("caf\u00e9 au lait"), "cafe\u0301 au lait")


def test_other_parameters_are_outdated(passwords: Passwords) -> None:
    """So that the next sign-in hashes anew."""
    assert passwords.outdated(PasswordHasher(memory_cost=128, time_cost=1, parallelism=1).hash("x"))
    assert not passwords.outdated(PasswordHasher(memory_cost=64, time_cost=1, parallelism=1).hash("x"))


class Held(PasswordHasher):
    """Hashes when it is let go."""

    def __init__(self) -> None:
        super().__init__(memory_cost=64, time_cost=1, parallelism=1)
        self.go = threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Wait, then hash."""
        self.go.wait()
        return super().hash(password, salt=salt)


async def test_the_queue_is_bounded_and_the_loop_goes_on(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hashes, two wait, the fourth is told to come again; all that while the loop turns."""
    held = Held()
    monkeypatch.setattr(passwords, "_argon", held)
    try:
        waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await passwords.hash("x")
        waiting[2].cancel()
        await asyncio.wait(waiting[2:])
        late = asyncio.create_task(passwords.hash("x"))  # the place of the one that left is free
        await asyncio.sleep(0)
    finally:
        held.go.set()
    assert len(await asyncio.gather(*waiting[:2], late)) == 3
