"""The application factory: the same outside for every service."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypedDict

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from common import telemetry, tracing
from common.direct import Direct, DirectRoutes
from common.errors import Problem
from common.gauges import installed
from common.handlers import add_handlers
from common.log.serve import internal_router
from common.middleware import RequestMiddleware
from common.runtime import Runtime
from common.schemas import encode
from common.service import Service

LISTEN_SECONDS = 5.0
"""A process listens once it can answer: until then a proxy that tries it is refused, and turns to another
replica. What it needs may be away for long, though, and then it is better to listen and say so (503)."""


class State(TypedDict):
    """What the lifespan hands to every request."""

    runtime: Runtime


class Application(FastAPI):
    """FastAPI behind what is ours: its own layers would cost what is answered directly a quarter more."""

    def front(self, direct: Iterable[Direct] = ()) -> None:
        """Put it behind what happens around every request, and behind these routes."""
        self._front = RequestMiddleware(DirectRoutes(super().__call__, direct))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection, or the lifespan."""
        await self._front(scope, receive, send)


def create_app(service: Service) -> FastAPI:
    """The service as an ASGI application. Nothing is opened before the lifespan begins."""
    base = f"/api/{service.name}"
    app = Application(
        title=f"Todolist {service.name}",
        version="1",
        lifespan=_lifespan(service),
        openapi_url=f"{base}/openapi.json",
        docs_url=f"{base}/docs",
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)"}},
        redirect_slashes=False,
    )
    add_handlers(app)
    internal = [internal_router(service.name, service.feeds)] if service.feeds else []
    for router in (*service.routers, *internal):
        app.include_router(router)
    app.state.api_routes = [
        route for router in service.routers for route in router.routes if isinstance(route, APIRoute)
    ]
    app.front(Direct(route) for route in app.state.api_routes if route.endpoint in service.direct)
    if service.access is not None:
        app.add_api_websocket_route(f"{base}/live", _live)
    _add_probes(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
    return app


def create_worker(service: Service) -> FastAPI:
    """The background work of a service, as an application that answers nothing but the probes."""
    app = Application(
        title=f"Todolist {service.name} worker",
        lifespan=_lifespan(service, worker=True),
        openapi_url=None,
        redirect_slashes=False,
    )
    add_handlers(app)
    app.front()
    _add_probes(app)
    return app


def _lifespan(
    service: Service, *, worker: bool = False
) -> Callable[[FastAPI], AbstractAsyncContextManager[State]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        telemetry.configure(service.name, service.settings.log_level, service.settings.log_format)
        tracing.start(f"{service.name}-worker" if worker else service.name, installed(service.name))
        runtime = Runtime(service, worker=worker)
        app.state.runtime = runtime  # for the server, which tells it of SIGTERM
        try:
            async with runtime.running():
                await runtime.readiness.wait(LISTEN_SECONDS)
                yield State(runtime=runtime)
        finally:
            await tracing.stop()

    return lifespan


def _add_probes(app: FastAPI) -> None:
    for path, endpoint in (("/livez", _livez), ("/readyz", _readyz), ("/metrics", _metrics)):
        app.add_api_route(path, endpoint, include_in_schema=False)


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, in which problems have their own media type and 422 is one of them."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = FastAPI.openapi(app)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            problem = operation["responses"]["default"]
            problem["content"] = {"application/problem+json": problem["content"]["application/json"]}
    for name in ("HTTPValidationError", "ValidationError"):
        document.get("components", {}).get("schemas", {}).pop(name, None)
    return document


async def _live(websocket: WebSocket) -> None:
    """The live protocol."""
    await websocket.state.runtime.live.endpoint(websocket)


async def _livez() -> Response:
    """The process answers."""
    return Response("ok\n", media_type="text/plain")


async def _readyz(request: Request) -> Response:
    """Whether to send requests here."""
    runtime: Runtime = request.state.runtime
    report = runtime.report()
    return Response(encode(report), 200 if report["ready"] else 503, media_type="application/json")


async def _metrics() -> Response:
    """Prometheus metrics."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
