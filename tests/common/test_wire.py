"""Prepared frames on a connection: what is refused to a peer that does not read."""

import asyncio
from typing import Any, cast

from common.log.wire import OUTBOUND_BYTES, Wire


class Connection:
    """A protocol with its transport, as far as a wire knows them."""

    def __init__(self, waiting: int) -> None:
        self.close_sent = self.disconnected = False
        self.transport = self
        self.writable = asyncio.Event()
        if waiting <= 64 * 1024:  # asyncio's flow control
            self.writable.set()
        self.waiting = waiting
        self.written: list[bytes] = []
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def write(self, frame: bytes) -> None:
        self.written.append(frame)


def wire(connection: Connection) -> Wire:
    return Wire(cast(Any, connection))


def test_what_waits_for_a_peer_is_bounded() -> None:
    """A frame that would go past the bound is refused, and one that just fits is not."""
    connection = Connection(waiting=OUTBOUND_BYTES - 2)
    assert wire(connection).write(b"ab")
    assert not wire(connection).write(b"abc")
    assert connection.written == [b"ab"]


def test_a_peer_that_reads_gets_a_frame_of_any_size() -> None:
    """A large event must not send away those who keep up: they would come back to the same event."""
    connection = Connection(waiting=0)
    large = bytes(OUTBOUND_BYTES + 1)
    assert wire(connection).write(large)
    assert connection.written == [large]


def test_a_connection_that_is_closing_gets_nothing() -> None:
    """And is not called slow for it."""
    connection = Connection(waiting=2 * OUTBOUND_BYTES)
    connection.closing = True
    assert wire(connection).write(b"late")
    assert connection.written == []
