"""Ceasing to listen: what was connected is answered, and nothing more connects."""

import asyncio
import socket

import pytest

from common.listening import cease


async def test_what_was_connected_is_answered_and_nothing_more_connects() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"ok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    place = server.sockets[0].getsockname()
    waiting = socket.create_connection(place)  # made by the kernel; our loop has accepted nothing yet
    await cease(each.fileno() for each in server.sockets)
    with pytest.raises(TimeoutError):
        socket.create_connection(place, timeout=0.2).close()
    server.close()
    with waiting:
        assert waiting.recv(2) == b"ok"
