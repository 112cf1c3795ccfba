"""The WebSocket wire: one prepared frame, the same bytes written to every transport (shared by all sockets
of an event).

A subclass of uvicorn's sans-I/O protocol puts itself into the ASGI scope, so that the hub can write to the
transport directly: no task, no queue and no encoding per socket. The transport's own buffer is the bounded
queue. Whoever reads from a wire is called, too: the application returns, and what the handshake needed goes
with it (a socket that is open and silent would otherwise hold twice the memory).

All that stands here relies on the insides of uvicorn's protocol, which it promises nobody:

- `handle_connect` makes `scope` and starts `run_asgi`, and neither `scope`, `request` nor `response` is used
  after the handshake;
- what happens is put into `queue` with `put_nowait`, and only the application's `receive` takes it;
- a frame sets `read_paused` and pauses the transport, and only `receive` resumes it;
- `writable` is set unless much waits for the peer, and for ever once the connection is lost;
- `close_sent`, `disconnected` say that nothing more may be written; `close_timer` is cancelled at the end.

tests/common/test_uvicorn.py holds it to that.
"""

import socket
from asyncio import BaseTransport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "todolist.wire"
OUTBOUND_BYTES = 1024 * 1024  # what may wait for one socket before it counts as too slow
UNSENT_BYTES = 64 * 1024  # beside them in the kernel, which would otherwise take four times as much
CLOSE_SECONDS = 30.0  # for the close frame to get through what is buffered, before the connection is cut

Take = Callable[[Any], None]
"""Gets each ASGI event of a connection, `websocket.receive` and at last `websocket.disconnect`."""


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which lends itself to the application as
    `scope["extensions"][EXTENSION]`."""

    attached = False  # whether somebody else takes its events, now that the application has returned

    def connection_made(self, transport: BaseTransport) -> None:
        """Whoever does not read is known by what waits: the kernel is not to hide it."""
        super().connection_made(transport)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Linux, macOS
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def handle_connect(self, event: Any) -> None:
        """After the handshake, before the application's task first runs."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), EXTENSION: Wire(self)}  # type: ignore[dict-item]  # ASGI leaves an extension's value open

    async def run_asgi(self) -> None:
        """Run the application. When it has handed the connection over, that outlives it."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("the application failed")
            self.send_500_response()
        if self.attached:
            del self.scope, self.request, self.response
        elif self.close_timer is None:
            self.transport.close()


class _Calls:
    """In the place of a connection's queue of events: whoever takes them is called."""

    __slots__ = ("put_nowait",)

    def __init__(self, take: Take) -> None:
        self.put_nowait = take


class Wire:
    """Direct access to one connection's transport."""

    def __init__(self, protocol: WebSocketProtocol) -> None:
        self._protocol = protocol

    @property
    def closing(self) -> bool:
        """Whether nothing can be written any more."""
        protocol = self._protocol
        return protocol.close_sent or protocol.disconnected or protocol.transport.is_closing()

    def buffered(self) -> int:
        """Bytes that the peer has not taken yet."""
        return int(self._protocol.transport.get_write_buffer_size())

    def write(self, frame: bytes) -> bool:
        """Write a prepared frame; nothing happens on a connection that is closing. False: the peer does not
        read, and too much waits for it already."""
        protocol = self._protocol
        transport = protocol.transport
        if protocol.close_sent or protocol.disconnected or transport.is_closing():
            return True
        # `writable` says by itself that little is waiting (asyncio's flow control, 64 KiB).
        if not protocol.writable.is_set() and self.buffered() + len(frame) > OUTBOUND_BYTES:
            return False
        transport.write(frame)
        return True

    def attach(self, take: Take) -> None:
        """Call this with every event from now on, first with those that have come already. Reading pauses
        with each frame, until `resume`."""
        waiting = self._protocol.queue
        self._protocol.attached = True
        self._protocol.queue = _Calls(take)  # type: ignore[assignment]  # from now on uvicorn only puts into it
        while not waiting.empty():
            take(waiting.get_nowait())

    def resume(self) -> None:
        """Read on."""
        protocol = self._protocol
        if protocol.read_paused and not protocol.transport.is_closing():
            protocol.read_paused = False
            protocol.transport.resume_reading()

    async def drained(self) -> None:
        """Wait until the peer has taken most of what is buffered (returns when it has gone, too)."""
        await self._protocol.writable.wait()

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame behind what is buffered, without waiting; cut the connection if the peer never
        reads it."""
        protocol = self._protocol
        if self.closing:
            return
        protocol.conn.send_close(code, reason)
        protocol.transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.resume()
        protocol.close_timer = protocol.loop.call_later(CLOSE_SECONDS, protocol.transport.abort)
