"""A transport that sends in one piece what is written in one turn of the loop.

uvicorn writes an answer's head and body one after the other, and each write is a call to the kernel that
costs as much as the whole rest of a small answer.
"""

import asyncio
from typing import Any


class Joining:
    """An asyncio transport in front of another. What is written leaves with `flush`, or else at the end of
    the turn."""

    __slots__ = ("_loop", "_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep it for a moment."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> asyncio.Transport:
        """Send what is kept. Returns the transport behind, for who goes on with it alone."""
        if self._parts:
            parts, self._parts = self._parts, []
            self._transport.writelines(parts)
        return self._transport

    def close(self) -> None:
        """Send what is kept, and close."""
        self.flush().close()
