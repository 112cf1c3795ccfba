"""How live sockets end: every close code of the design, on a real socket of a real service."""

import asyncio
import json
import socket
from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from common.log.wire import OUTBOUND_BYTES
from tests.common.lists import add_task, new_list
from tests.support import Person, PersonFactory, Stack
from tests.support.forge import token_for
from tests.support.live import open_live

pytestmark = pytest.mark.system


def address(stack: Stack) -> str:
    return f"{stack.url('todo')}/api/todo/live"


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("not json", 4501),
        (json.dumps({"op": "ping"}), 4501),
        (json.dumps({"op": "auth", "token": "x" * 20_000}), 4501),
        (json.dumps({"op": "auth", "token": "nonsense"}), 4500),
        (b"binary", 4501),
    ],
)
async def test_a_bad_beginning(stack: Stack, first: str | bytes, code: int) -> None:
    """The first frame must be auth, and must be good."""
    async with open_live(address(stack), None) as live:
        await live.connection.send(first)
        assert await live.ended() == code


@pytest.mark.parametrize("bad", ["{", b"\x00", "x" * 20_000, '{"op":"ping"' + " " * 16_384 + "}"])
async def test_a_protocol_violation_closes_4501(alice: Person, bad: str | bytes) -> None:
    """Not JSON, binary, larger than 16 KiB."""
    async with alice.live("todo") as live:
        await live.connection.send(bad)
        assert await live.ended() == 4501


@pytest.mark.slow
async def test_no_auth_in_time_closes_4003(stack: Stack) -> None:
    """Ten seconds."""
    async with open_live(address(stack), None) as live:
        assert await live.ended(timeout=20) == 4003


async def test_an_expired_token_closes_4004(stack: Stack, alice: Person) -> None:
    """At the first frame, and when its time comes; a fresh one in time keeps the socket."""
    async with open_live(address(stack), None) as live:
        await live.send({"op": "auth", "token": token_for(stack, alice, seconds=-10)})
        assert await live.ended() == 4004
    async with open_live(address(stack), token_for(stack, alice, seconds=3)) as live:
        assert await live.ended() == 4004
    async with open_live(address(stack), token_for(stack, alice, seconds=3)) as live:
        await live.send({"op": "auth", "token": alice.token})
        renewed = await live.frame(op="ready")
        assert renewed["expires_at"] > live.frames[0]["expires_at"]
        async with open_live(address(stack), token_for(stack, alice, seconds=3)) as other:
            assert await other.ended() == 4004
        await live.send({"op": "ping"})
        await live.frame(op="pong")


async def test_another_session_or_account_closes_4500(alice: Person, person: PersonFactory) -> None:
    """A socket belongs to one session for its life."""
    bob = await person("Bob")
    async with alice.live("todo") as live:
        await live.send({"op": "auth", "token": bob.token})
        assert await live.ended() == 4500
    async with alice.live("todo") as live:
        await alice.sign_in()
        await live.send({"op": "auth", "token": alice.token})
        assert await live.ended() == 4500


async def test_sign_out_closes_4500(alice: Person) -> None:
    """Everywhere, at once."""
    async with alice.live("todo") as live, alice.live("chat") as chat:
        assert (await alice.delete("/api/auth/sessions/current")).status_code == 204
        assert await live.ended(timeout=2) == 4500
        assert await chat.ended(timeout=2) == 4500


async def test_a_foreign_origin_closes_4503(stack: Stack, alice: Person) -> None:
    """Accepted first, so that the browser sees the code; our own origin and none are fine."""
    async with open_live(address(stack), None, origin="https://evil.example") as live:
        assert await live.ended() == 4503
    async with open_live(address(stack), alice.token, origin=stack.url("todo")) as live:
        assert live.frames[0]["op"] == "ready"


async def test_a_shutdown_closes_4001_spread_over_the_drain(
    new_stack: Callable[..., Stack], person: PersonFactory
) -> None:
    """SIGTERM: not ready, sockets sent away one by one, requests still answered, then a clean end."""
    stack = new_stack(names=("auth", "todo"), env={"TODOLIST_DRAIN_SECONDS": "2"})
    alice = await person("Alice", stack=stack)
    async with alice.live("todo") as one, alice.live("todo") as two, alice.live("todo") as three:
        ending = asyncio.create_task(asyncio.to_thread(stack.service("todo").stop))
        lives = [one, two, three]
        closings = [asyncio.create_task(live.ended()) for live in lives]
        await asyncio.wait(closings, return_when="FIRST_COMPLETED")
        assert any(live.closed is None for live in lives), "all were closed in the same instant"
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{stack.url('todo')}/readyz")).status_code == 503
            assert (await client.get(f"{stack.url('todo')}/livez")).status_code == 200
        answer = await alice.get("/api/todo/lists")
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"  # else a proxy's next request meets a closed one
        with pytest.raises(InvalidStatus) as refused:  # so that a proxy turns to another replica
            async with alice.live("todo"):
                pass
        assert refused.value.response.status_code == 503
        assert set(await asyncio.gather(*closings)) == {4001}
        await ending


@pytest.mark.slow
async def test_a_slow_reader_is_closed_4002_without_delaying_others(stack: Stack, alice: Person) -> None:
    """It does not read; others get every event meanwhile; afterwards it resumes complete."""
    list_id = await new_list(alice)
    topic = f"list:{list_id}"
    slow = await _raw_socket(stack, alice, topic)
    with slow:
        await _write_until_closed(stack, alice, list_id, slow)


async def _write_until_closed(stack: Stack, alice: Person, list_id: str, slow: socket.socket) -> None:
    topic = f"list:{list_id}"
    async with alice.live("todo") as quick:
        await quick.subscribe(topic, after=0)
        sent = 0
        deadline = asyncio.get_running_loop().time() + 60
        while _metric(stack, "live_slow_readers_total") < 1:
            assert asyncio.get_running_loop().time() < deadline, "never closed"
            await asyncio.gather(*(add_task(alice, list_id, "x", notes="n" * 9000) for _ in range(40)))
            sent += 40
        assert sent * 9000 < 2 * OUTBOUND_BYTES, "the kernel kept what was to count"
        await quick.frame(op="event", seq=sent + 1)
        assert [event["seq"] for event in quick.events(topic)] == list(range(1, sent + 2))
    data = await asyncio.to_thread(_read_all, slow)
    assert (4002).to_bytes(2) + b"too slow" in data[-200:]
    async with alice.live("todo") as again:
        answer = await again.subscribe(topic, after=0)
        if answer["recovered"]:
            await again.frame(op="event", seq=sent + 1)
            assert [event["seq"] for event in again.events(topic)] == list(range(1, sent + 2))


def _metric(stack: Stack, name: str) -> float:
    text = httpx.get(f"{stack.url('todo')}/metrics", trust_env=False).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


async def _raw_socket(stack: Stack, person: Person, topic: str) -> socket.socket:
    """A socket with a small receive buffer that is subscribed and then never read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = stack.url("todo").removeprefix("http://").split(":")
    raw.connect((host, int(port)))
    raw.sendall(
        b"GET /api/todo/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await _until(raw, b"\r\n\r\n")
    for frame in ({"op": "auth", "token": person.token}, {"op": "subscribe", "topic": topic}):
        raw.sendall(_masked(json.dumps(frame).encode()))
    await _until(raw, b'"subscribed"')
    return raw


async def _until(raw: socket.socket, end: bytes) -> None:
    got = b""
    while end not in got:
        more = await asyncio.to_thread(raw.recv, 4096)
        assert more, f"closed after {got!r}"
        got += more


def _masked(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 section 5.3), masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x81" + length + bytes(4) + payload


def _read_all(raw: socket.socket) -> bytes:
    raw.settimeout(20)
    data = b""
    with raw:
        while b"too slow" not in data[-200:] and (more := raw.recv(65536)):
            data += more
    return data
