"""What `common/log/wire.py` relies on inside uvicorn, on a real server and a real socket.

uvicorn promises none of this. When an upgrade makes a test here red, look at what it has changed in
`uvicorn/protocols/websockets/websockets_sansio_impl.py`, then at wire.py, before anything else.
"""

import asyncio
import inspect
import re
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import ClientConnection, connect

from common.log import wire
from common.log.frames import Close
from common.log.wire import EXTENSION, WebSocketProtocol, Wire, text_frame
from tests.common.serving import port_of, serving
from tests.support import eventually

CHANGED = "uvicorn has changed what common/log/wire.py relies on"
ATTRIBUTES = (
    "app, close_sent, close_timer, conn, disconnected, handle_connect, logger, loop, queue, read_paused, "
    "receive, request, response, run_asgi, scope, send, send_500_response, transport, writable"
).split(", ")
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FRAME = b"\x81\x83" + bytes(4) + b"one"  # a client's, masked with zeros


class Application:
    """Hands each connection over as soon as it may, and returns."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.missing: list[str] | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.wire: Wire
        self.protocol: WebSocketProtocol

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert EXTENSION in (scope["extensions"] or {}), f"{CHANGED}: handle_connect, before the task runs"
        self.wire = scope["extensions"][EXTENSION]
        self.protocol = self.wire._protocol
        self.missing = [name for name in ATTRIBUTES if not hasattr(self.protocol, name)]
        await receive()
        await send({"type": "websocket.accept"})
        await self.go_on.wait()
        self.wire.attach(self.events.append)

    def texts(self) -> list[str]:
        return [event["text"] for event in self.events if event["type"] == "websocket.receive"]

    def gone(self) -> bool:
        return any(event["type"] == "websocket.disconnect" for event in self.events)

    def attached(self) -> bool:
        return getattr(self, "protocol", None) is not None and self.protocol.attached


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
async def server(app: Application) -> AsyncIterator[uvicorn.Server]:
    """It must not fail without being asked: what was freed is missed in a callback, which only the loop
    hears."""
    failures: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    async with serving(app, ws_ping_interval=None) as server:
        yield server
    loop.set_exception_handler(before)
    assert not failures, f"{CHANGED}: {failures}"


async def client(server: uvicorn.Server) -> ClientConnection:
    return await connect(f"ws://127.0.0.1:{port_of(server)}/", proxy=None)


async def deaf(server: uvicorn.Server) -> socket.socket:
    """A peer that has made its handshake and reads nothing more by itself."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", port_of(server)))
    raw.sendall(HANDSHAKE)
    while b"\r\n\r\n" not in await asyncio.to_thread(raw.recv, 4096):
        pass
    return raw


def fill(line: Wire) -> None:
    """Write until it says that too much is waiting."""
    for _ in range(1000):
        if not line.write(text_frame(bytes(60_000))):
            return
    raise AssertionError(f"{CHANGED}: writable is not cleared while much waits for the peer")


async def test_everything_that_is_used_is_there(app: Application, server: uvicorn.Server) -> None:
    """By its name, before the application runs."""
    with await deaf(server):  # whatever it is answered
        await until(lambda: app.missing is not None)
    assert not app.missing, f"{CHANGED}: it has no {', '.join(app.missing)}"


def test_events_are_only_put_into_the_queue() -> None:
    """Ours, which takes its place, can do nothing else; only the application's `receive` takes from it."""
    source = inspect.getsource(WebSocketsSansIOProtocol)
    taken = inspect.getsource(WebSocketsSansIOProtocol.receive)
    used = set(re.findall(r"self\.queue\.(\w+)", source.replace(taken, "")))
    assert used == {"put_nowait"}, f"{CHANGED}: it uses {used} of the queue of events"


async def test_a_connection_that_was_handed_over_outlives_the_application(
    app: Application, server: uvicorn.Server
) -> None:
    """What the handshake needed is gone, and nobody misses it."""
    async with await client(server) as peer:
        await until(app.attached)

        await until(lambda: not hasattr(app.protocol, "scope") and not server.server_state.tasks)
        app.wire.write(text_frame(b"still there"))
        assert await peer.recv() == "still there", CHANGED
        await (await peer.ping())
    await until(app.gone)


async def test_reading_pauses_with_each_frame(app: Application, server: uvicorn.Server) -> None:
    """So one who sends without end is read no faster than answered."""
    async with await client(server) as peer:
        await until(app.attached)
        sent = []
        for text in ("one", "two"):
            sent.append(text)
            await peer.send(text)
            await until(lambda: app.texts() == sent)
            paused = app.protocol.read_paused and not app.protocol.transport.is_reading()
            assert paused, f"{CHANGED}: read_paused"
            app.wire.resume()
            assert app.protocol.transport.is_reading(), f"{CHANGED}: read_paused"


async def test_what_came_before_is_taken_first(app: Application, server: uvicorn.Server) -> None:
    """A client need not wait for the application to be ready for it."""
    app.go_on.clear()
    async with await client(server) as peer:
        await peer.send("one")
        await until(lambda: app.protocol.queue.qsize() == 1)
        app.go_on.set()
        await until(app.attached)
        assert app.texts() == ["one"], f"{CHANGED}: queue"
        app.wire.resume()
        await peer.send("two")
        await until(lambda: app.texts() == ["one", "two"])
        app.wire.resume()


async def test_writable_says_who_is_slow(app: Application, server: uvicorn.Server) -> None:
    """It is cleared while much waits for the peer, and set again when that has been read."""
    with await deaf(server) as raw:
        await until(app.attached)
        assert app.protocol.writable.is_set(), f"{CHANGED}: writable"
        fill(app.wire)
        waiting = asyncio.create_task(app.wire.drained())
        while not waiting.done():
            assert await asyncio.to_thread(raw.recv, 65536), "closed"
        assert app.protocol.writable.is_set(), f"{CHANGED}: writable"


async def test_nobody_waits_for_a_peer_that_has_gone(app: Application, server: uvicorn.Server) -> None:
    """A connection that is lost while much waits for it is writable, so that who waits goes on."""
    with await deaf(server) as raw:
        await until(app.attached)
        fill(app.wire)
        waiting = asyncio.create_task(app.wire.drained())
        raw.close()
        await until(waiting.done)
    assert app.wire.closing, f"{CHANGED}: disconnected"
    assert app.wire.write(b"late"), f"{CHANGED}: disconnected"


async def test_our_close_ends_with_the_peers_answer(app: Application, server: uvicorn.Server) -> None:
    """The timer that would cut the connection is uvicorn's, which cancels it when the peer has answered."""
    async with await client(server) as peer:
        await until(app.attached)
        app.wire.close(Close.GOING_AWAY, "going away")
        timer = app.protocol.close_timer
        assert timer is not None
        await peer.wait_closed()
        assert (peer.close_code, peer.close_reason) == (Close.GOING_AWAY, "going away"), CHANGED
        await until(lambda: not server.server_state.connections)
        assert timer.cancelled(), f"{CHANGED}: close_timer"
    assert app.gone()


async def test_a_peer_that_never_answers_is_cut_off(
    app: Application, server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what it still sends is not taken."""
    monkeypatch.setattr(wire, "CLOSE_SECONDS", 0.05)
    with await deaf(server) as raw:
        await until(app.attached)
        app.wire.close(Close.GOING_AWAY)
        raw.sendall(FRAME)
        await until(lambda: not server.server_state.connections)
    assert app.texts() == [], f"{CHANGED}: close_sent"


async def test_a_server_that_stops_tells_those_who_took_over(
    app: Application, server: uvicorn.Server
) -> None:
    """It knows the connection although its application has returned."""
    async with await client(server) as peer:
        await until(app.attached)
        server.should_exit = True
        await peer.wait_closed()
        await until(app.gone)


async def until(condition: Callable[[], object]) -> None:
    """Wait for it; it does not come when uvicorn no longer does what it did."""

    async def holds() -> bool:
        assert condition(), CHANGED
        return True

    await eventually(holds)
