"""The todo service with one route more, which does nothing but ask who is asking: what everything that is
ours around a request costs. `python -m bench.peers.trivial
[direct]`: as one of the routes that are answered directly (common/direct.py)."""

import sys

from fastapi import APIRouter, FastAPI, Response

from bench.peers.floor import BODY
from common.app import create_app
from common.identity import Me
from common.serve import Server, configuration
from common.settings import load
from todo.app import service
from todo.settings import Settings

router = APIRouter()


@router.get("/api/todo/trivial")
async def trivial(me: Me) -> Response:  # noqa: ARG001 - asking who it is, is what is measured
    """Answers only whom it knows."""
    return Response(BODY, media_type="application/json")


def build() -> FastAPI:
    """The application, from the environment."""
    parts = service(load(Settings))
    parts.routers = [router, *parts.routers]
    if "direct" in sys.argv:
        parts.direct = [*parts.direct, trivial]
    return create_app(parts)


if __name__ == "__main__":
    Server(configuration("bench.peers.trivial:build", load(Settings))).run()
