"""A TCP proxy that a test controls: it can cut, silence and slow what it carries, and it knows enough of
Redis to drop, double and delay publications on their way to a subscriber."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from tools.stack.ports import HOST

CHUNK = 65536


@dataclass(eq=False)
class _Connection:
    """One connection through the proxy: towards who opened it, and towards the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    forgotten: bool = False  # nothing passes any more, and neither end is told

    def abort(self) -> None:
        """Break it, with a reset on both sides."""
        for end in (self.client, self.server):
            end.transport.abort()


class Proxy:
    """Carries each connection to one of its targets, chosen by chance: there is no stickiness."""

    def __init__(self, *targets: int, seed: int | str = 0) -> None:
        self.port = 0
        self.refusing = False  # a new connection is reset at once
        self.delay = 0.0  # seconds by which every piece of data is late
        self.watch: Callable[[bytes], None] | None = None  # sees what goes to the server, before it goes
        self.chance = random.Random(seed)
        self.targets: Sequence[int] = targets
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, on a port that stays the same."""
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and break every connection."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection."""
        for connection in list(self._connections):
            connection.abort()

    def forget(self) -> None:
        """Half-open: the connections there are lead nowhere, new ones work."""
        for connection in self._connections:
            connection.forgotten = True

    @property
    def silent(self) -> bool:
        """Whether nothing passes; what was sent meanwhile arrives afterwards."""
        return not self._flowing.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._flowing.clear()
        else:
            self._flowing.set()

    def heal(self) -> None:
        """The end of cutting, silence and slowness."""
        self.refusing, self.silent, self.delay = False, False, 0.0

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._serving.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing or not self.targets:
            return
        upstream, server = await asyncio.open_connection(HOST, self.chance.choice(self.targets))
        connection = _Connection(writer, server)
        self._connections.add(connection)
        there = asyncio.create_task(self._there(connection, reader))
        back = asyncio.create_task(self._back(connection, upstream))
        try:
            await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            self._connections.discard(connection)
            server.close()
            writer.close()

    async def _there(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._pass(connection)
            if self.watch is not None:
                self.watch(data)
            connection.server.write(data)
            await connection.server.drain()

    async def _back(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._pass(connection)
            connection.client.write(data)
            await connection.client.drain()

    async def _pass(self, connection: _Connection) -> None:
        """Wait until the next piece of data may go on."""
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._flowing.wait()
        if connection.forgotten:
            await asyncio.Event().wait()


class RedisProxy(Proxy):
    """Carries everything faithfully, except publications on their way to a subscriber."""

    def __init__(self, *targets: int, seed: int | str = 0) -> None:
        super().__init__(*targets, seed=seed)
        self.drop = self.double = self.late = 0.0  # the chance of each, for every publication
        self.dropped = self.doubled = self.delayed = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address for a service."""
        return f"redis://{HOST}:{self.port}"

    def heal(self) -> None:
        """As every proxy, and publications pass as they are."""
        super().heal()
        self.drop = self.double = self.late = 0.0

    async def _back(self, connection: _Connection, reader: asyncio.StreamReader) -> None:
        while True:
            answer = await _answer(reader)
            await self._pass(connection)
            if b"smessage\r\n" not in answer[:40]:
                connection.client.write(answer)
                continue
            if self.chance.random() < self.drop:
                self.dropped += 1
                continue
            copies = 1 + (self.chance.random() < self.double)
            self.doubled += copies - 1
            for _ in range(copies):
                if self.chance.random() < self.late:
                    self.delayed += 1
                    self._later(connection.client, answer)
                else:
                    connection.client.write(answer)

    def _later(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(self.chance.uniform(0, 0.1))
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
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
