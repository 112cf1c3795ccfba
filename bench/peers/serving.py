"""How every Python peer is served: by uvicorn, exactly as our services are, so that only the work differs."""

import os

import uvicorn
from starlette.types import ASGIApp

from common.serve import IDLE_SECONDS


def serve(app: ASGIApp) -> None:
    """Serve until told to stop."""
    uvicorn.run(
        app,
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        timeout_keep_alive=IDLE_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
    )
