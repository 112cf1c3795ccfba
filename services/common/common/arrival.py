"""How a request comes in: how large its head may be, and how long it may take to be there.

uvicorn limits neither: a client that never finishes its headers would keep its connection, and what it has
sent, for ever. These limits stand before the application, so their refusals are written here.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from common.errors import BadRequest, HeadTooLarge, ServiceError, TooSlow
from common.middleware import problem

HEAD_BYTES = 32 * 1024  # of a request's line and headers
SECONDS = 20.0  # from the first byte of a request to the last of its body


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with limits."""

    _coming = False  # whether a request has begun and is not complete
    _in_head = False  # and whether its headers are not
    _head = 0  # bytes of such a head, except for the pieces in which it begins and ends
    _piece = 0  # bytes of the piece that is being parsed
    _refusal: ServiceError | None = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Who says nothing at all may stay as long as who says nothing more."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come."""
        self._came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request, usually all of it: only what stays incomplete is given a time."""
        went_on = self._in_head
        self._piece = len(data)
        super().data_received(data)
        if self._coming:
            self._wait_for_more(went_on)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._patience is not None:
            self._came()
        self._coming = self._in_head = True
        self._head = 0

    def on_headers_complete(self) -> None:
        """The application gets no head that is too large."""
        self._in_head = False
        if self._head + self._piece > HEAD_BYTES and self._size_of_head() > HEAD_BYTES:
            self._refusal = _head_too_large()
            raise self._refusal  # which ends the parsing
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._coming = False
        if self._patience is not None:
            self._came()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes over."""
        self._came()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """What cannot be parsed, or must not be."""
        self._refuse(self._refusal or BadRequest())

    def _size_of_head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _wait_for_more(self, went_on: bool) -> None:
        if self.transport.is_closing():
            return
        if went_on and self._in_head:
            self._head += self._piece
            if self._head > HEAD_BYTES:
                self._refuse(_head_too_large())
                return
        if self._patience is None:
            self._patience = self.loop.call_later(SECONDS, self._wait_no_longer)

    def _came(self) -> None:
        self._coming = self._in_head = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _wait_no_longer(self) -> None:
        self._refuse(TooSlow(f"A request has {SECONDS:g} s to come in."))

    def _refuse(self, error: ServiceError) -> None:
        """Answer, unless an answer is under way, and close."""
        self._came()
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            status, headers, body = problem(error, None)
            lines = [name + b": " + value for name, value in [*headers, (b"connection", b"close")]]
            self.transport.write(STATUS_LINE[status] + b"\r\n".join([*lines, b"", body]))
        self.transport.close()


def _head_too_large() -> HeadTooLarge:
    return HeadTooLarge(f"The request line and headers may have {HEAD_BYTES} bytes.")
