"""Reads of the same moment leave as one: what many ask at once costs the database one question."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context, copy_context
from typing import Generic, TypeVar

from common.tasks import end

K = TypeVar("K")
V = TypeVar("V")

MOST = 256  # keys in one read
AT_ONCE = 2  # reads under way: one is with the database while the next is being made ready


class Together(Generic[K, V]):
    """One kind of read by key. A request joins the *next* read, never one already under way: that may have
    begun before a write that was acknowledged to the same person."""

    def __init__(
        self,
        read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        at_once: int = AT_ONCE,
        rush: int = MOST,
        pause: float = 0,
    ) -> None:
        """After a read of `rush` keys or more, its place stays taken for `pause` seconds, so that the next
        gathers."""
        self._read = read
        self._at_once = at_once
        self._rush = rush
        self._pause = pause
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._context: Context | None = None  # of who waits first: the read belongs to that trace
        self._tasks: set[asyncio.Task[None]] = set()
        self._boarding = False

    async def get(self, key: K) -> V | None:
        """What is there for the key, as of some moment after this call; None when there is nothing."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._context = copy_context()
        self._waiting.append((key, future))
        self._depart()
        return await future

    async def close(self) -> None:
        """Stop."""
        await end(self._tasks)

    def _depart(self) -> None:
        """Begin the next read, unless enough are under way. It takes along whoever asks in the same turn."""
        if self._waiting and not self._boarding and len(self._tasks) < self._at_once:
            self._boarding = True
            task = asyncio.get_running_loop().create_task(self._fly(), context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._depart()

    async def _fly(self) -> None:
        self._boarding = False
        batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            found = await self._read(list(dict.fromkeys(key for key, _ in batch)))
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for key, future in batch:
            if not future.done():
                future.set_result(found.get(key))
        if self._pause and len(batch) >= self._rush and not self._waiting:
            await asyncio.sleep(self._pause)
