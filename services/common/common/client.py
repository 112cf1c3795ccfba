"""Calls from service to service: httpx with four timeouts, a service token and the request id on every
call."""

import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from common import servicetoken, telemetry, tracing
from common.errors import Unavailable
from common.settings import ServiceSettings

TIMEOUTS = httpx.Timeout(connect=1.0, read=5.0, write=5.0, pool=1.0)  # seconds
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10)


class _ServiceAuth(httpx.Auth):
    def __init__(self, key: str, caller: str, callee: str) -> None:
        self._key, self._caller, self._callee = key, caller, callee

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # httpx declares a Generator, of which we send nothing in
        request.headers["Authorization"] = (
            f"Bearer {servicetoken.make(self._key, self._caller, self._callee)}"
        )
        if request_id := telemetry.request_id():
            request.headers["X-Request-Id"] = request_id
        yield request


class ServiceClient(httpx.AsyncClient):
    """A client of one other service. When that cannot be reached, the answer is Unavailable (503)."""

    def __init__(self, base_url: str, *, key: str, caller: str, callee: str) -> None:
        self._callee = callee
        auth = _ServiceAuth(key, caller, callee)
        # Certificate authorities take long to read: for http there are none, so that nobody is trusted.
        tls = base_url.startswith("https:")
        verify = httpx.create_ssl_context(trust_env=False) if tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # trust_env off: a proxy for the outside world must not see calls between services.
        super().__init__(
            base_url=base_url, auth=auth, timeout=TIMEOUTS, limits=LIMITS, trust_env=False, verify=verify
        )

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send, or raise Unavailable."""
        about = {"http__request__method": request.method, "url__path": request.url.path}
        with tracing.span(f"{request.method} {self._callee}", "client", **about):
            if place := tracing.here():
                request.headers["traceparent"] = place
            try:
                return await super().send(request, **options)
            except httpx.TransportError as error:
                raise Unavailable(f"The {self._callee} service is away. Try again shortly.") from error


class Clients:
    """The clients of one process, each made when it is first needed."""

    def __init__(self, settings: ServiceSettings, *, caller: str) -> None:
        self._key = settings.service_key.get_secret_value()
        self._caller = caller
        self._urls = {"auth": settings.auth_url, "todo": settings.todo_url, "chat": settings.chat_url}
        self._clients: dict[str, ServiceClient] = {}

    def to(self, callee: str) -> ServiceClient:
        """The client of that service."""
        if callee not in self._clients:
            self._clients[callee] = ServiceClient(
                self._urls[callee], key=self._key, caller=self._caller, callee=callee
            )
        return self._clients[callee]

    async def close(self) -> None:
        """Close their connections."""
        for client in self._clients.values():
            await client.aclose()
