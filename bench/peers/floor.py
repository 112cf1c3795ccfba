"""Limits with nothing behind them: `python -m bench.peers.floor asgi|fastapi`."""

import sys

from fastapi import FastAPI, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.peers.serving import serve

BODY = b'{"ok":true}'


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application with no framework at all."""
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def fastapi() -> FastAPI:
    """FastAPI with one route that does nothing."""
    app = FastAPI()

    @app.get("/ready")
    @app.get("/api/todo/trivial")
    async def trivial() -> Response:
        return Response(BODY, media_type="application/json")

    return app


if __name__ == "__main__":
    chosen: dict[str, ASGIApp] = {"asgi": bare, "fastapi": fastapi()}
    serve(chosen[sys.argv[1]])
