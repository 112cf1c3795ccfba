"""What happens around every HTTP request, as plain ASGI: request id, size limit, media type, log line,
metrics, last resort."""

import contextlib
import random
import re
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import metrics, telemetry, tracing
from common.errors import ServiceError, TooLarge, UnsupportedMedia
from common.schemas import encode

BODY_BYTES = 1024 * 1024
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
JSON = re.compile(rb"application/(.+\+)?json", re.IGNORECASE)
QUIET = {"/livez", "/readyz", "/metrics"}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}

Headers = dict[bytes, bytes]
"""Those of a request, names in lower case as ASGI has them."""

logger = structlog.get_logger()


def problem(error: ServiceError, request_id: str | None) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of an error's answer."""
    body = encode(error.document() | {"request_id": request_id})
    headers = {"Content-Type": "application/problem+json", "Content-Length": str(len(body))} | error.headers
    return error.status, [(name.lower().encode(), value.encode()) for name, value in headers.items()], body


class RequestMiddleware:
    """The outermost layer of a service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with contextlib.nullcontext() if _untraced(scope) else tracing.serve(scope):
            await self._handle(scope, receive, send)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(reversed(scope["headers"]))  # the first of a name, as FastAPI takes it
        given = headers.get(b"x-request-id", b"")
        # What a request is found by is no secret: chance of our own does, which costs no call to the system.
        request_id = given.decode() if REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
        telemetry.begin_request(request_id)
        started = time.perf_counter()
        status, complete = 0, False

        async def sender(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *_last(scope),
                ]
            else:
                complete = not message.get("more_body", False)
            await send(message)

        try:
            try:
                _check(scope["method"], headers)
                with _counted(scope):
                    await self._app(scope, _limited(receive), sender)
            except ServiceError as error:
                await _answer(sender, error, request_id)
            except Exception as error:
                logger.error("request failed", exc_info=error)
                if not status:
                    await _answer(sender, ServiceError(), request_id)
                elif not complete:
                    raise  # half an answer is out: only cutting the connection says so
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        if scope["path"] in QUIET:
            return
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in METHODS else "other"
        tracing.answered(method, route, status)
        metrics.request_seconds(method, route, status).observe(seconds)
        # Services poll each other all the time: what went well there is nobody's news.
        quiet = "/internal/" in route and status < 400
        log = logger.debug if quiet else logger.info
        log("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _untraced(scope: Scope) -> bool:
    """Probes begin no trace; nor do services that poll each other, unless a request has woken them."""
    polled = "/internal/" in scope["path"] and b"traceparent" not in dict(scope["headers"])
    return polled or scope["path"] in QUIET


def _last(scope: Scope) -> list[tuple[bytes, bytes]]:
    """While the process drains, each connection's last answer says so: a proxy that keeps connections would
    otherwise send its next request, perhaps a POST, on one that is just being closed."""
    draining = scope.get("state", {}).get("runtime") is not None and scope["state"]["runtime"].draining
    return [(b"connection", b"close")] if draining else []


def _counted(scope: Scope) -> contextlib.AbstractContextManager[None]:
    """Count it among those under way, except for what asks how many these are."""
    quiet = scope["path"] in QUIET
    return contextlib.nullcontext() if quiet else metrics.IN_FLIGHT.track_inprogress()


def _check(method: str, headers: Headers) -> None:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > BODY_BYTES:
        raise TooLarge(f"A body may have {BODY_BYTES} bytes.")
    if method not in WITH_BODY:
        return
    has_body = (length.isdigit() and int(length) > 0) or b"transfer-encoding" in headers
    media = headers.get(b"content-type", b"").partition(b";")[0].strip()
    if has_body and not JSON.fullmatch(media):
        raise UnsupportedMedia


def _limited(receive: Receive) -> Receive:
    """Stop reading a body of unknown length when it grows too large."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > BODY_BYTES:
            raise TooLarge(f"A body may have {BODY_BYTES} bytes.")
        return message

    return limited


async def _answer(send: Send, error: ServiceError, request_id: str) -> None:
    status, headers, body = problem(error, request_id)
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
