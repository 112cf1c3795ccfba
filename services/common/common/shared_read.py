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


class SharedRead(Generic[K, V]):
    """One kind of read by key. A request joins the *next* read, never one already under way: that may have
    begun before a write that was acknowledged to the same person."""

    def __init__(
        self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], *, at_once: int = AT_ONCE
    ) -> None:
        self._read = read
        self._at_once = at_once
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._context: Context | None = None  # of who waits first: the read belongs to that trace
        self._tasks: set[asyncio.Task[None]] = set()
        self._due = False  # a read has been made ready and takes along who asks in the same turn
        self._closed = False

    async def get(self, key: K) -> V | None:
        """What is there for the key, as of some moment after this call; None when there is nothing."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._context = copy_context()
        self._waiting.append((key, future))
        self._begin()
        return await future

    async def close(self) -> None:
        """Stop, and let nobody wait for what will not come."""
        self._closed = True
        await end(self._tasks)
        for _, future in self._waiting:
            future.cancel()

    def _begin(self) -> None:
        """Begin the next read, unless enough are under way."""
        if self._waiting and not self._due and not self._closed and len(self._tasks) < self._at_once:
            self._due = True
            task = asyncio.get_running_loop().create_task(self._answer(), context=self._context)
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._begin()

    async def _answer(self) -> None:
        self._due = False
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
