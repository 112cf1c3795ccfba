"""The WebSocket wire: one prepared frame, the same bytes written to every transport (shared by all sockets
of an event).

A subclass of uvicorn's sans-I/O protocol puts itself into the ASGI scope, so that the hub can write to the
transport
directly: no task, no queue and no encoding per socket. The transport's own buffer is the bounded queue.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "todolist.wire"
OUTBOUND_BYTES = 1024 * 1024  # what may wait for one socket before it counts as too slow
CLOSE_SECONDS = 30.0  # for the close frame to get through what is buffered, before the connection is cut


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455 section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


class Protocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, which lends itself to the application as
    `scope["extensions"][EXTENSION]`."""

    def handle_connect(self, event: Any) -> None:
        """After the handshake, before the application's task first runs."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"] = {**(self.scope["extensions"] or {}), EXTENSION: Wire(self)}  # type: ignore[dict-item]  # ASGI leaves an extension's value open


class Wire:
    """Direct access to one connection's transport."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    @property
    def closing(self) -> bool:
        """Whether nothing can be written any more."""
        protocol = self._protocol
        return protocol.close_sent or protocol.disconnected or protocol.transport.is_closing()

    def buffered(self) -> int:
        """Bytes that the peer has not taken yet."""
        return int(self._protocol.transport.get_write_buffer_size())

    def write(self, frame: bytes) -> None:
        """Write a prepared frame; nothing happens on a connection that is closing."""
        if not self.closing:
            self._protocol.transport.write(frame)

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
        if protocol.read_paused:
            protocol.read_paused = False
            protocol.transport.resume_reading()
        protocol.close_timer = protocol.loop.call_later(CLOSE_SECONDS, protocol.transport.abort)
