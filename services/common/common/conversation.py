"""What a client says on its socket once it is authenticated, one frame after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from common.errors import ServiceError, Unauthorized
from common.identity import Verifier
from common.log.frames import (
    Auth,
    Close,
    Focus,
    Frame,
    Ping,
    Pong,
    Subscribe,
    Typing,
    Unsubscribe,
    client_frame,
)
from common.log.wire import Wire
from common.socket import Socket

FRAME_BYTES = 16 * 1024  # what a client may send in one frame
BURST = 500  # frames that are answered soon: enough to follow all of its topics
FRAMES_A_SECOND = 50  # beyond that; nothing more is read before those that have come are answered
WAITING = 4000  # frames that may have come at once: more than fit into one read, unless they are tiny

Op = Callable[[Socket, Any], Awaitable[None]]

logger = structlog.get_logger()


class Pace:
    """How long the next frame of a socket has to wait, so that one that never stops costs next to nothing.

    A leaky bucket in one number: when it will be empty (the generic cell rate algorithm).
    """

    __slots__ = ("_empty_at",)

    def __init__(self) -> None:
        self._empty_at = 0.0

    def wait(self, now: float) -> float:
        """Count one more frame; the seconds until it may be answered."""
        self._empty_at = max(self._empty_at, now) + 1 / FRAMES_A_SECOND
        return max(0.0, self._empty_at - now - BURST / FRAMES_A_SECOND)


class Conversation:
    """Answers frames in their order. It has a task only while there is something to answer, so that a socket
    which says nothing is nothing but memory, and little of that."""

    def __init__(
        self,
        socket: Socket,
        wire: Wire,
        verifier: Verifier,
        ops: Mapping[str, Op],
        left: Callable[[Socket], None],
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._verifier = verifier
        self._ops = ops
        self._left = left
        self._heard: list[Any] = []
        self._pace = Pace()
        self._answering: asyncio.Task[None] | None = None

    def take(self, event: Any) -> None:
        """A frame has come, or the connection has gone."""
        if event["type"] == "websocket.receive" and len(self._heard) >= WAITING:
            if not self._wire.closing:
                self._socket.close(Close.PROTOCOL_VIOLATION, "too many frames at once")
            return
        self._heard.append(event)
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer_all())

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._heard:
            event = self._heard.pop(0)
            if event["type"] == "websocket.disconnect" or self._wire.closing:
                self._heard.clear()
                self._left(self._socket)
                return  # and never answer again
            try:
                await self._answer(text_of(event))
                # Hundreds may have come at once: others have their turn between them.
                await asyncio.sleep(self._pace.wait(loop.time()))
            except Exception:
                logger.exception("a frame could not be answered")
                self._socket.close(Close.GOING_AWAY, "try again")
        self._answering = None
        self._wire.resume()

    async def _answer(self, text: str | None) -> None:
        try:
            frame = None if text is None else client_frame.validate_json(text)
        except ValidationError as error:
            if error.errors(include_input=False)[0]["type"] != "json_invalid":
                self._socket.refuse(None, None, "invalid-frame", _explain(error))
                return
            frame = None
        if frame is None:
            self._socket.close(Close.PROTOCOL_VIOLATION, "protocol violation")
        else:
            await self._handle(frame)

    async def _handle(self, frame: Frame) -> None:
        match frame:
            case Ping():
                self._socket.send(Pong())
            case Subscribe():
                self._socket.subscribe(frame)
            case Unsubscribe():
                self._socket.unsubscribe(frame.topic)
            case Auth():
                await self._authenticate_again(frame)
            case Focus() | Typing() if frame.op in self._ops:
                await self._ops[frame.op](self._socket, frame)
            case Focus() | Typing():
                self._socket.refuse(
                    frame.op, frame.topic, "invalid-frame", "This service has no such operation."
                )

    async def _authenticate_again(self, frame: Auth) -> None:
        socket = self._socket
        try:
            identity = await self._verifier.verify(frame.token)
        except Unauthorized as error:
            expired = error.code == "token-expired"
            socket.close(Close.TOKEN_EXPIRED if expired else Close.REFUSED, error.code)
        except ServiceError:
            socket.close(Close.GOING_AWAY, "try again")
        else:
            if (identity.account_id, identity.session_id) != (socket.account_id, socket.session_id):
                socket.close(Close.REFUSED, "another session")
            else:
                socket.accept(identity)


def text_of(event: Any) -> str | None:
    """The text of a frame; None when it has none (binary, too large), or the connection has gone."""
    text = event.get("text")
    if event["type"] != "websocket.receive" or text is None or len(text.encode()) > FRAME_BYTES:
        return None
    return str(text)


def _explain(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
