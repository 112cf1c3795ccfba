"""The WebSocket endpoint: who may connect, until when, and who speaks with them from then on."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog
from pydantic import ValidationError
from starlette.responses import Response
from starlette.websockets import WebSocket

from common import metrics
from common.conversation import Conversation, Op, text_of
from common.errors import ServiceError, Unauthorized
from common.identity import Verifier
from common.log.access import Access
from common.log.frames import Auth, Close
from common.log.hub import Hub
from common.log.wire import EXTENSION, Wire
from common.origin import same_host
from common.socket import Socket

AUTH_SECONDS = 10.0

logger = structlog.get_logger()

Hook = Callable[[Socket, str], Awaitable[None]]


class Live:
    """All sockets of this process."""

    def __init__(
        self,
        hub: Hub,
        verifier: Verifier,
        access: Access,
        *,
        origins: list[str],
        ops: dict[str, Op],
        on_subscribe: Hook | None,
        on_unsubscribe: Hook | None,
    ) -> None:
        self.hub = hub
        self.on_subscribe = on_subscribe
        self.on_unsubscribe = on_unsubscribe
        self.sockets: set[Socket] = set()
        self._verifier = verifier
        self._access = access
        self._origins = set(origins)
        self._ops = ops
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False

    @property
    def outbound(self) -> int:
        """Bytes that wait for sockets to take them."""
        return sum(socket.outbound for socket in self.sockets)

    def may_ask(self, account_id: UUID, topic: str) -> bool:
        """Whether the topic is the account's own, or one that has members."""
        return topic == f"user:{account_id}" or self._access.about(topic) is not None

    def subscribed(self, socket: Socket, topic: str) -> None:
        """A subscription stands."""
        self._run_hook(self.on_subscribe, socket, topic)

    def unsubscribed(self, socket: Socket, topic: str) -> None:
        """A subscription that stood, or was about to, has ended."""
        self._run_hook(self.on_unsubscribe, socket, topic)

    def _run_hook(self, hook: Hook | None, socket: Socket, topic: str) -> None:
        """Tell the service, without making anybody wait for it."""
        if hook is not None:
            self._keep(hook(socket, topic))

    def _keep(self, work: Awaitable[None]) -> None:
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def session_ended(self, session_id: UUID) -> None:
        """Close the sockets of a session that has ended."""
        for socket in [socket for socket in self.sockets if socket.session_id == session_id]:
            socket.close(Close.REFUSED, "session ended")

    async def drain(self, seconds: float) -> None:
        """Send every socket away, spread over the drain, so that they do not all come back at once."""
        self._draining = True
        while sockets := list(self.sockets):  # again: some may have been authenticating
            for socket in sockets:
                socket.close(Close.GOING_AWAY, "going away")
                self.sockets.discard(socket)
                await asyncio.sleep(seconds / len(sockets))
        await self.close()

    async def close(self) -> None:
        """Wait until what those who have left followed was given back."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one WebSocket to its end."""
        if self._draining:  # before the handshake, so that a proxy can turn to another replica
            await websocket.send_denial_response(Response(status_code=503, headers={"Retry-After": "1"}))
            return
        await websocket.accept()
        wire: Wire = websocket.scope["extensions"][EXTENSION]
        if not self._origin_allowed(websocket):
            wire.close(Close.ORIGIN_REFUSED, "origin refused")
        elif (socket := await self._authenticate(websocket, wire)) is not None:
            await self._admit(socket, wire)
            return
        await _until_disconnected(websocket)

    async def _admit(self, socket: Socket, wire: Wire) -> None:
        """Let it speak from now on, without a task of its own."""
        self.sockets.add(socket)
        metrics.SOCKETS.inc()
        conversation = Conversation(socket, wire, self._verifier, self._ops, self._left)
        if self._leaving():  # since the handshake
            socket.close(Close.GOING_AWAY, "going away")
        try:
            # A session may have ended while its token was being checked.
            await self._verifier.check_session(socket.session_id)
        except Unauthorized:
            socket.close(Close.REFUSED, "session ended")
        except ServiceError:
            socket.close(Close.GOING_AWAY, "try again")
        finally:
            wire.attach(conversation.take)

    def _left(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        metrics.SOCKETS.dec()
        self._keep(socket.end())

    def _leaving(self) -> bool:
        return self._draining

    def _origin_allowed(self, websocket: WebSocket) -> bool:
        """Browsers name the page's origin: it must be ours. Other clients name none."""
        origin = websocket.headers.get("origin")
        if origin is None or origin in self._origins:
            return True
        return same_host(origin, websocket.headers.get("host"))

    async def _authenticate(self, websocket: WebSocket, wire: Wire) -> Socket | None:
        try:
            async with asyncio.timeout(AUTH_SECONDS):
                text = text_of(await websocket.receive())
        except TimeoutError:
            wire.close(Close.NO_AUTH, "no auth in time")
            return None
        if text is None:
            wire.close(Close.PROTOCOL_VIOLATION, "protocol violation")
            return None
        try:
            frame = Auth.model_validate_json(text)
            return Socket(self, wire, await self._verifier.verify(frame.token))
        except ValidationError:
            wire.close(Close.PROTOCOL_VIOLATION, "the first frame must be auth")
        except Unauthorized as error:
            expired = error.code == "token-expired"
            wire.close(Close.TOKEN_EXPIRED if expired else Close.REFUSED, error.code)
        except ServiceError:
            wire.close(Close.GOING_AWAY, "try again")
        return None


async def _guarded(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception:
        logger.exception("what follows from a socket has failed")


async def _until_disconnected(websocket: WebSocket) -> None:
    """Let the closing handshake finish: the server cuts the connection when the endpoint returns."""
    while websocket.client_state.name == "CONNECTED":
        await websocket.receive()
