"""A TCP proxy in front of Redis that a test controls: it can drop, double, reorder and stall what is
published."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator


class RedisProxy:
    """Forwards everything faithfully, except publications on their way to a subscriber."""

    def __init__(self, target: int, *, seed: int = 0) -> None:
        self.port = 0
        self.drop = self.double = self.late = 0.0  # the chance of each, for every publication
        self.stalled = False  # nothing reaches Redis any more
        self.dropped = self.doubled = self.delayed = 0
        self._target = target
        self._chance = random.Random(seed)
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address for a service."""
        return f"redis://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection."""
        for writer in list(self._connections):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            upstream, downstream = await asyncio.open_connection("127.0.0.1", self._target)
            self._connections |= {writer, downstream}
            there = asyncio.create_task(self._there(reader, downstream))
            back = asyncio.create_task(self._back(upstream, writer))
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            for end in (writer, downstream):
                self._connections.discard(end)
                end.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            while self.stalled:
                await asyncio.sleep(0.01)
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            answer = await _answer(reader)
            if b"smessage\r\n" not in answer[:40]:
                writer.write(answer)
                continue
            if self._chance.random() < self.drop:
                self.dropped += 1
                continue
            copies = 1 + (self._chance.random() < self.double)
            self.doubled += copies - 1
            for _ in range(copies):
                if self._chance.random() < self.late:
                    self.delayed += 1
                    self._later(writer, answer)
                else:
                    writer.write(answer)

    def _later(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(self._chance.uniform(0, 0.1))
            writer.write(answer)

        task = asyncio.create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """One complete answer of the Redis protocol, as the bytes it came in."""
    line = await reader.readuntil(b"\r\n")
    kind, rest = line[:1], line[1:-2]
    if kind in b"$=!" and rest != b"-1":
        return line + await reader.readexactly(int(rest) + 2)
    if kind in b"*>~%|" and rest != b"-1":
        count = int(rest) * (2 if kind in b"%|" else 1)
        return line + b"".join([await _answer(reader) for _ in range(count)])
    return line


@contextlib.asynccontextmanager
async def redis_proxy(target: int, *, seed: int = 0) -> AsyncIterator[RedisProxy]:
    """A proxy in front of the Redis on port `target`."""
    proxy = RedisProxy(target, seed=seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
