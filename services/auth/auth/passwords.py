"""Passwords: normalising, hashing (argon2id) and checking them, never on the event loop."""

import asyncio
import contextlib
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auth import metrics
from common.errors import Unavailable

T = TypeVar("T")

MAX_LENGTH = 1024
"""Characters. Long enough for any passphrase (NIST SP 800-63B: 64 at least), short enough to hash."""

NICENESS = 19


def normalise(password: str) -> str:
    """One form for what looks the same, however the keyboard composed it (NIST 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _be_nice() -> None:
    """Let other threads go first, this process's event loop above all; Linux keeps that for each thread
    (setpriority(2), "C library/kernel differences")."""
    with contextlib.suppress(OSError):  # a sandbox may forbid it, which must not keep anybody from signing in
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class Passwords:
    """Hashes on threads of its own, as many as there are cores: each hash fills a core and 19 MiB.

    So many may wait; more are refused with 503, since a queue of minutes helps nobody. The threads are nice:
    whoever is signed in does not wait for those who sign in.
    """

    def __init__(self, *, memory_kib: int, time_cost: int, threads: int, queue: int) -> None:
        threads = threads or len(os.sched_getaffinity(0))
        self._argon = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2", initializer=_be_nice)
        self._room = threads + queue
        self._under_way = 0
        metrics.PASSWORDS_PENDING.set_function(lambda: self._under_way)
        # Checked when there is no such account, so that the answer takes as long.
        self._nobody = self._argon.hash(secrets.token_hex(16))

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await self._run(lambda: self._argon.hash(normalise(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one of the stored hash. None costs the same and is never right."""
        right = await self._run(lambda: self._matches(stored or self._nobody, password))
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether a stored hash was made with other parameters than today's."""
        return self._argon.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._argon.verify(stored, normalise(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._under_way >= self._room:
            metrics.PASSWORDS_REFUSED.inc()
            raise Unavailable("Too many people are signing in at this moment.")
        loop = asyncio.get_running_loop()
        future = self._pool.submit(work)
        self._under_way += 1
        # Counted until the thread is free, not until the caller stops waiting.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        with metrics.PASSWORD_SECONDS.time():
            return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self._under_way -= 1
