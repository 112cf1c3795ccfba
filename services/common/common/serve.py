"""Running a service: `python -m <service>` serves, `… work` does its background work, `… migrate` brings its
database up to date."""

import argparse
import asyncio
import gc
import importlib.util
import signal
from collections.abc import Callable
from pathlib import Path
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from common.arrival import HttpProtocol
from common.listening import cease
from common.settings import ServiceSettings, load

SOCKET_BYTES = 1024 * 1024  # past this a frame is not even read; the protocol's own limit is FRAME_BYTES
REQUEST_SECONDS = 10  # for requests under way when the drain is over
# Idle connections: longer than any proxy before us keeps them (nginx 2 s here, 60 s by default; Node 5 s),
# since who closes first must be who sends. Otherwise a request now and then meets one that is just closing.
IDLE_SECONDS = 75


class Server(uvicorn.Server):
    """uvicorn, which on SIGTERM first drains (not ready, sockets sent away one by one) and only then stops
    listening."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the drain; a second one ends it."""
        app = self.config.loaded_app
        while not isinstance(app, FastAPI) and hasattr(app, "app"):
            app = app.app
        runtime = getattr(getattr(app, "state", None), "runtime", None)
        if runtime is None or runtime.draining or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return

        async def drain() -> None:
            try:
                await runtime.drain()
            finally:
                uvicorn.Server.handle_exit(self, sig, frame)

        # Not a plain asyncio callback: a signal handler runs between two bytecodes, wherever the loop is.
        self._loop.call_soon_threadsafe(lambda: self._draining.append(asyncio.ensure_future(drain())))

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # as in serve
        """Cease to listen without resetting a request that has just been sent, then end."""
        if self._draining:
            await cease(each.fileno() for server in self.servers for each in server.sockets)
        await super().shutdown(sockets)  # type: ignore[arg-type]  # handed on as it came

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Begin to listen. What is there by now stays to the end: the garbage collector need not look at it
        again, a tenth of a second each time in which nobody is answered."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(10_000, 20, 20)  # what comes and goes is looked at in larger portions

    async def serve(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]  # uvicorn's own type is narrower than its use
        """Serve until told to stop."""
        self._loop = asyncio.get_running_loop()
        self._draining: list[asyncio.Future[None]] = []
        await super().serve(sockets)  # type: ignore[arg-type]  # handed on as it came


def configuration(target: str, settings: ServiceSettings, *, reload: bool = False) -> uvicorn.Config:
    """How uvicorn runs a service, in development, tests and production alike."""
    return uvicorn.Config(
        target,
        factory=True,
        reload=reload,
        reload_dirs=[str(path) for path in _source_folders(target)] if reload else None,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=HttpProtocol,
        ws="common.log.wire:WebSocketProtocol",
        ws_max_size=SOCKET_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=REQUEST_SECONDS,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        access_log=False,
        log_config=None,
    )


def _source_folders(target: str) -> list[Path]:
    """Where the code of a service and of `common` lies."""
    found = (importlib.util.find_spec(package) for package in (target.partition(".")[0], "common"))
    return [Path(spec.origin).parent for spec in found if spec is not None and spec.origin is not None]


def main(
    package: str,
    settings_class: type[ServiceSettings],
    commands: dict[str, Callable[[list[str]], None]] | None = None,
) -> None:
    """The command line of a service; `commands` are those that only it has."""
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=f"The {package} service.")
    parser.add_argument(
        "command", nargs="?", default="serve", choices=["serve", "work", "migrate", *(commands or {})]
    )
    parser.add_argument(
        "--reload", action="store_true", help="serve, work: start again when the code changes"
    )
    arguments, rest = parser.parse_known_args()
    if arguments.command == "migrate":
        from common.migrate import migrate  # only the one-shot needs Alembic

        migrate(package, load(settings_class).sync_dsn())
    elif arguments.command in ("serve", "work"):
        factory = "build" if arguments.command == "serve" else "build_worker"
        _serve(f"{package}.app:{factory}", load(settings_class), reload=arguments.reload)
    elif commands is not None:
        commands[arguments.command](rest)


def _serve(target: str, settings: ServiceSettings, *, reload: bool) -> None:
    config = configuration(target, settings, reload=reload)
    server = Server(config)
    if config.should_reload:
        from uvicorn.supervisors import ChangeReload  # development only

        ChangeReload(config, target=server.run, sockets=[config.bind_socket()]).run()
    else:
        gc.disable()  # until startup is over: nothing of what is loaded now goes away
        server.run()
