"""A live socket as a test sees it: every frame that came, in order, and a way to wait for the next one."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
DEADLINE = 10.0


class Live:
    """An open socket. Frames are collected in the background as they come."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []
        self._taken: set[int] = set()
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @property
    def closed(self) -> int | None:
        """The close code, or None while it is open."""
        return self.connection.close_code if self._reader.done() else None

    async def send(self, frame: Frame) -> None:
        """Send one frame."""
        await self.connection.send(json.dumps(frame))

    async def frame(
        self, *, timeout: float = DEADLINE, where: Callable[[Frame], bool] | None = None, **fields: Any
    ) -> Frame:
        """The first frame with these fields that was not returned before; waits until it comes."""

        def fits(frame: Frame) -> bool:
            return all(frame.get(name) == value for name, value in fields.items()) and (
                where is None or where(frame)
            )

        def find() -> int | None:
            untaken = (i for i in range(len(self.frames)) if i not in self._taken)
            return next((i for i in untaken if fits(self.frames[i])), None)

        async with self._news:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await self._news.wait_for(lambda: find() is not None or self._reader.done())
        index = find()
        if index is None:
            raise AssertionError(f"no frame with {fields} (closed: {self.closed}); came: {self.frames}")
        self._taken.add(index)
        return self.frames[index]

    async def subscribe(self, topic: str, *, after: int | None = None, epoch: str | None = None) -> Frame:
        """Subscribe and return the answer, `subscribed` or `error`."""
        position = {"after": after} if after is not None else {}
        await self.send(
            {"op": "subscribe", "topic": topic, **position, **({"epoch": epoch} if epoch else {})}
        )
        return await self.frame(topic=topic, where=lambda frame: frame["op"] in ("subscribed", "error"))

    def events(self, topic: str) -> list[Frame]:
        """The events of a topic so far, in the order they came."""
        return [frame for frame in self.frames if frame["op"] == "event" and frame["topic"] == topic]

    async def ended(self, timeout: float = DEADLINE) -> int | None:
        """Wait until the server has closed it; the close code."""
        async with asyncio.timeout(timeout):
            await asyncio.wait([self._reader])
        return self.closed

    async def close(self) -> None:
        """Close it from this side."""
        await self.connection.close()
        await self._reader

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.connection:
                await self._add(json.loads(text))
        async with self._news:
            self._news.notify_all()

    async def _add(self, frame: Frame) -> None:
        async with self._news:
            self.frames.append(frame)
            self._news.notify_all()


@contextlib.asynccontextmanager
async def open_live(address: str, token: str | None, *, origin: str | None = None) -> AsyncIterator[Live]:
    """Open a socket at an http:// address of a service; authenticated unless there is no token."""
    headers = {"Origin": origin} if origin else {}
    async with connect(
        address.replace("http", "ws", 1), additional_headers=headers, proxy=None, open_timeout=DEADLINE
    ) as connection:
        live = Live(connection)
        try:
            if token is not None:
                await live.send({"op": "auth", "token": token})
                await live.frame(op="ready")
            yield live
        finally:
            await live.close()
