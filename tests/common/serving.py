"""uvicorn in the test's own loop, with our protocols."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from common.arrival import HttpProtocol
from common.log.wire import WebSocketProtocol
from tests.support import eventually


@contextlib.asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[uvicorn.Server]:
    """A server that listens until the end, or until it is told to exit."""
    config = uvicorn.Config(
        app, port=0, http=HttpProtocol, ws=WebSocketProtocol, lifespan="off", log_config=None, **options
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # there in some versions
    running = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    try:
        yield server
    finally:
        server.should_exit = True
        await running


def port_of(server: uvicorn.Server) -> int:
    """Where it listens."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
