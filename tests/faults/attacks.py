"""`python -m tests.faults.attacks`: clients that mean harm, as a process of their own, until it is ended.

Told on standard input as JSON where to attack; at its end it says what each attack was answered.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

SLOW, HALF_OPEN, UNREAD, CROWD = 100, 100, 20, 4
SUBSCRIPTIONS = 10_000
PAUSE_SECONDS = 0.2  # between two tries of one attacker


@dataclass
class Target:
    """Where a service answers, and somebody's token and list there."""

    url: str
    service: str
    token: str
    list_id: str
    answers: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 80)

    def note(self, attack: str, answer: object) -> None:
        """What an attack was answered."""
        self.answers.setdefault(attack, Counter())[str(answer)] += 1

    def live(self) -> Any:
        """A socket that has not said anything yet."""
        address = f"{self.url.replace('http', 'ws', 1)}/api/{self.service}/live"
        return connect(address, proxy=None, compression=None, ping_interval=None, close_timeout=0.2)

    async def signed_in(self, socket: ClientConnection) -> None:
        """Authenticate a socket."""
        await socket.send(json.dumps({"op": "auth", "token": self.token}))
        await socket.recv()


async def slow_loris(target: Target) -> None:
    """A request that comes one byte a second, and never ends."""
    reader, writer = await asyncio.open_connection(*target.place)
    try:
        writer.write(f"POST /api/{target.service}/lists HTTP/1.1\r\nHost: x\r\nX-Slow: ".encode())
        async with asyncio.timeout(30):
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    target.note("slow-loris", _status(await asyncio.wait_for(reader.readline(), 1)))
                    return
    except TimeoutError:
        target.note("slow-loris", "open after 30 s")
    finally:
        writer.close()


def _status(line: bytes) -> str:
    """Of the first line of an answer."""
    return line.split(b" ")[1].decode() if line else "closed"


async def half_open(target: Target) -> None:
    """A socket that says nothing after its handshake."""
    async with target.live() as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.recv()
        target.note("half-open socket", socket.close_code)


async def unread(target: Target) -> None:
    """A socket that follows a busy list and reads nothing."""
    async with target.live() as socket:
        await target.signed_in(socket)
        socket.transport.pause_reading()
        for _ in range(40):
            await socket.send(json.dumps({"op": "subscribe", "topic": f"list:{target.list_id}", "after": 0}))
            await asyncio.sleep(0.05)
        socket.transport.resume_reading()
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(1):
                while True:
                    await socket.recv()
        target.note("unread socket", socket.close_code or "served when it reads again")


async def malformed(target: Target) -> None:
    """Frames that are none."""
    for frame in ("{", "[" * 16_000, b"\xff\xfe", "x" * 17_000, "x" * 2_000_000):
        async with target.live() as socket:
            await target.signed_in(socket)
            with contextlib.suppress(ConnectionClosed):
                await socket.send(frame)
                await socket.recv()
            target.note("malformed or oversized frame", socket.close_code)


async def header_flood(target: Target) -> None:
    """Headers without end."""
    reader, writer = await asyncio.open_connection(*target.place)
    try:
        writer.write(f"GET /api/{target.service}/live HTTP/1.1\r\nHost: x\r\n".encode())
        for number in range(2000):
            writer.write(f"X-{number}: {'a' * 1000}\r\n".encode())
            await writer.drain()
        writer.write(b"\r\n")
    except OSError:
        pass  # it does not read on
    try:
        target.note("header flood", _status(await reader.readline()))
    except OSError:
        target.note("header flood", "closed")
    finally:
        writer.close()


async def deep_json(target: Target) -> None:
    """A body of nothing but brackets; and one that is too large."""
    headers = {"Authorization": f"Bearer {target.token}", "Content-Type": "application/json"}
    path = "lists" if target.service == "todo" else "rooms"
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        for what, body in (("deep JSON", b"[" * 100_000), ("large body", b'"' + b"x" * 2_000_000 + b'"')):
            url = f"{target.url}/api/{target.service}/{path}"
            answer = await client.post(url, content=body, headers=headers)
            target.note(what, f"{answer.status_code} {answer.json()['code']}")


async def subscriptions(target: Target) -> None:
    """Ten thousand topics on one socket."""
    async with target.live() as socket:
        await target.signed_in(socket)
        reading = asyncio.create_task(_codes(socket))
        for number in range(SUBSCRIPTIONS):
            topic = f"list:0190c000-0000-7000-8000-{number:012x}"
            await socket.send(json.dumps({"op": "subscribe", "topic": topic}))
        await socket.send(json.dumps({"op": "ping"}))
        async with asyncio.timeout(30):
            for code, count in (await reading).items():
                target.answers.setdefault("10,000 subscriptions", Counter())[code] += count


async def _codes(socket: ClientConnection) -> Counter[str]:
    """What came, until the pong."""
    found: Counter[str] = Counter()
    async for text in socket:
        frame = json.loads(text)
        if frame["op"] == "pong":
            break
        found[frame.get("code", frame["op"])] += 1
    return found


Attack = Callable[[Target], Awaitable[None]]
ATTACKS: dict[Attack, int] = {
    slow_loris: SLOW,
    half_open: HALF_OPEN,
    unread: UNREAD,
    malformed: CROWD,
    header_flood: CROWD,
    deep_json: CROWD,
    subscriptions: 1,
}


async def _again_and_again(attack: Attack, target: Target) -> None:
    while True:
        try:
            await attack(target)
        except (OSError, WebSocketException, httpx.TransportError, TimeoutError) as error:
            target.note(attack.__name__.replace("_", " "), type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


async def main() -> None:
    """Attack until SIGTERM; then say what came of it."""
    os.nice(19)  # they would not live on our machine: what they compute is to cost nobody else
    targets = [Target(**told) for told in json.loads(sys.stdin.readline())]
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    tasks = [
        asyncio.create_task(_again_and_again(attack, target))
        for target in targets
        for attack, count in ATTACKS.items()
        for _ in range(count)
    ]
    await over.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    found: dict[str, Counter[str]] = {}
    for target in targets:
        for attack, answers in target.answers.items():
            found.setdefault(attack, Counter()).update(answers)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
