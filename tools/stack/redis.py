"""A private Redis server that keeps nothing on disk: Redis is a hint here, never the truth."""

import shutil
from pathlib import Path

from tools.stack.ports import HOST, free_port, says, wait_until
from tools.stack.process import Process, StartError

START_SECONDS = 20


def find_server() -> Path | None:
    """The server program of this machine."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    return None if found is None else Path(found)


class Redis:
    """One server; start() after stop() or kill() comes back empty on the same port."""

    def __init__(self, home: Path, *, port: int | None = None, more: tuple[str, ...] = ()) -> None:
        self.home = home
        self.port = port or free_port()
        server = find_server()
        if server is None:
            raise StartError("redis-server is not installed.")
        settings = [
            "--bind",
            HOST,
            "--port",
            str(self.port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(home),
            *more,
        ]
        self.process = Process("Redis", [server, *settings], log=home / "redis.log")

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.process.start()
        if not wait_until(self.answers, seconds=START_SECONDS, alive=lambda: self.process.running):
            error = self.process.failed("did not become ready")
            self.process.kill()
            raise error

    def answers(self) -> bool:
        """Whether it answers a PING."""
        return says(self.port, b"PING\r\n", b"+PONG")

    def stop(self) -> None:
        """Shut down in order."""
        self.process.stop(timeout=10)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers none."""
        self.process.pause()

    def resume(self) -> None:
        """SIGCONT: the end of a pause."""
        self.process.resume()
