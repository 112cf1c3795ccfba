"""What clients do that mean harm: each attack is one try, which notes what it was answered."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.client import fresh

SUBSCRIPTIONS, REFUSED = 10_000, 100  # and how many of them come before those that stand
UNREAD_EVENTS = 40  # large ones, that a socket does not read: more than may wait for it
SAY_SECONDS = 0.15  # between them

Answers = dict[str, Counter[str]]


@dataclass
class Target:
    """A service, somebody's token for it, and a topic of theirs: what `say` posts to `path` is its event."""

    url: str
    service: str
    token: str
    topic: str
    path: str
    say: dict[str, Any]
    topics: list[str]  # others of theirs: with these a socket has as many as it may have
    answers: Answers = field(default_factory=dict)
    _said: int = 0
    _waiting: list[tuple[int, asyncio.Event]] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 80)

    def note(self, attack: str, answer: object, count: int = 1) -> None:
        """What an attack was answered."""
        self.answers.setdefault(attack, Counter())[str(answer)] += count

    def said_one(self) -> None:
        """One more event of the topic."""
        self._said += 1
        for due, event in self._waiting:
            if self._said >= due:
                event.set()

    async def have_said(self, count: int) -> None:
        """Wait for so many events of the topic."""
        waiting = self._said + count, asyncio.Event()
        self._waiting.append(waiting)
        try:
            await waiting[1].wait()
        finally:
            self._waiting.remove(waiting)

    @contextlib.asynccontextmanager
    async def live(self, *, signed_in: bool = True) -> AsyncIterator[ClientConnection]:
        """A socket; unless told otherwise it has said who it is."""
        address = f"{self.url.replace('http', 'ws', 1)}/api/{self.service}/live"
        async with connect(
            address, proxy=None, compression=None, ping_interval=None, close_timeout=0.2
        ) as opened:
            if signed_in:
                await opened.send(json.dumps({"op": "auth", "token": self.token}))
                await opened.recv()
            yield opened


async def slow_loris(target: Target, name: str) -> None:
    """A request that comes one byte a second, and never ends."""
    reader, writer = await asyncio.open_connection(*target.place)
    try:
        writer.write(f"POST /api/{target.service}/lists HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode())
        async with asyncio.timeout(30):
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1):  # unlike wait_for, it never swallows a cancellation
                        line = await reader.readline()
                    target.note(name, _status(line))
                    return
    finally:
        writer.close()


async def half_open(target: Target, name: str) -> None:
    """A socket that says nothing after its handshake."""
    async with target.live(signed_in=False) as silent:
        with contextlib.suppress(ConnectionClosed):
            await silent.recv()
        target.note(name, silent.close_code)


async def unread(target: Target, name: str) -> None:
    """A socket that follows a topic in which much is said, and reads nothing of it."""
    async with target.live() as deaf:
        await deaf.send(json.dumps({"op": "subscribe", "topic": target.topic}))
        deaf.transport.pause_reading()
        await target.have_said(UNREAD_EVENTS)
        deaf.transport.resume_reading()
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(10):
                async for _ in deaf:
                    pass
        target.note(name, deaf.close_code)


async def say(target: Target) -> None:
    """Large events for the sockets that are not read; ordinary requests, so there is nothing to note."""
    async with httpx.AsyncClient(
        trust_env=False, headers={"Authorization": f"Bearer {target.token}"}, base_url=target.url
    ) as client:
        while True:
            answer = await client.post(target.path, json={"id": fresh(), **target.say})
            answer.raise_for_status()
            target.said_one()
            await asyncio.sleep(SAY_SECONDS)


async def malformed(target: Target, name: str) -> None:
    """Frames that are none."""
    for frame in ("{", "[" * 16_000, b"\xff\xfe", "x" * 17_000, "x" * 2_000_000):
        async with target.live() as opened:
            with contextlib.suppress(ConnectionClosed):
                await opened.send(frame)
                await opened.recv()
            target.note(name, opened.close_code)


async def header_flood(target: Target, name: str) -> None:
    """Headers without end."""
    request = [f"GET /api/{target.service}/live HTTP/1.1\r\nHost: x\r\n"]
    headers = [f"X-{number}: {'a' * 1000}\r\n" for number in range(2000)]
    await _raw(target, name, [*request, *headers, "\r\n"])


async def no_http(target: Target, name: str) -> None:
    """Another protocol."""
    await _raw(target, name, ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"])


async def _raw(target: Target, name: str, pieces: list[str]) -> None:
    """Send what is no request, as far as it is read, and note the answer."""
    reader, writer = await asyncio.open_connection(*target.place)
    try:
        with contextlib.suppress(OSError):  # it does not read on
            for piece in pieces:
                writer.write(piece.encode("latin-1"))
                await writer.drain()
        target.note(name, _status(await reader.readline()))
    except OSError:
        target.note(name, "closed")
    finally:
        writer.close()


def _status(line: bytes) -> str:
    """Of the first line of an answer."""
    return line.split(b" ")[1].decode() if line else "closed"


async def deep_json(target: Target, name: str) -> None:
    """A body of nothing but brackets."""
    await _post(target, name, b"[" * 100_000)


async def large_body(target: Target, name: str) -> None:
    """A body that is larger than what is read."""
    await _post(target, name, b'"' + b"x" * 2_000_000 + b'"')


async def _post(target: Target, name: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        answer = await client.post(f"{target.url}{target.path}", content=body, headers=headers)
        target.note(name, f"{answer.status_code} {answer.json()['code']}")


async def subscriptions(target: Target, name: str) -> None:
    """Ten thousand topics on one socket, as fast as they are read."""
    async with target.live() as opened:
        reading = asyncio.create_task(_note_all(target, name, opened))
        try:
            kind = target.topic.partition(":")[0]
            strange = [f"{kind}:0190c000-0000-7000-8000-{number:012x}" for number in range(SUBSCRIPTIONS)]
            for topic in [*strange[:REFUSED], *target.topics, *strange[REFUSED:]]:
                await opened.send(json.dumps({"op": "subscribe", "topic": topic}))
            await reading
        finally:
            reading.cancel()


async def _note_all(target: Target, name: str, opened: ClientConnection) -> None:
    async for text in opened:
        frame = json.loads(text)
        target.note(name, frame.get("code", frame["op"]))


@dataclass(frozen=True)
class Attack:
    """One kind, by so many clients on each service."""

    once: Callable[[Target, str], Awaitable[None]]
    clients: int
    documented: frozenset[str]  # each of these has to be answered (docs/reliability.md has the limits)
    tolerated: frozenset[str] = frozenset()  # and nothing but these beside them
    beside: Callable[[Target], Awaitable[None]] | None = None  # what goes on meanwhile


def _attack(once: Callable[[Target, str], Awaitable[None]], clients: int, *documented: str) -> Attack:
    return Attack(once, clients, frozenset(documented))


LOST = frozenset({"closed"})  # the answer was, since the rest was not read

ATTACKS = {
    "slow-loris": _attack(slow_loris, 100, "408"),
    "half-open socket": _attack(half_open, 100, "4003"),
    "unread socket": Attack(unread, 20, frozenset({"4002"}), beside=say),
    "malformed or oversized frame": _attack(malformed, 4, "4501", "1009"),
    "header flood": Attack(header_flood, 4, frozenset({"431"}), tolerated=LOST),
    "no HTTP": _attack(no_http, 4, "400"),
    "deep JSON": _attack(deep_json, 4, "422 invalid"),
    "large body": _attack(large_body, 4, "413 too-large"),
    "10,000 subscriptions": Attack(
        subscriptions, 1, frozenset({"not-found", "too-many-topics"}), tolerated=frozenset({"subscribed"})
    ),
}
