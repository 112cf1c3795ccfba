"""One of the three Python services as a process of its own, with the environment it needs."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tools.stack.mysql import MySQL
from tools.stack.ports import HOST, free_port, wait_until
from tools.stack.process import Process, StartError
from tools.stack.redis import Redis

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("auth", "todo", "chat")
START_SECONDS = 60
PYTHONPATH = os.pathsep.join(str(ROOT / "services" / name) for name in ("common", *NAMES))


def service_environment(
    name: str,
    *,
    mysql: MySQL,
    redis: Redis,
    secrets: Mapping[str, str],
    urls: Mapping[str, str],
    suffix: str = "",
) -> dict[str, str]:
    """What the service reads: its own account on its own database, Redis, the keys, where the others are."""
    password = secrets[f"{name}_password"]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("TODOLIST_")},
        "PYTHONPATH": PYTHONPATH,
        "PYTHONUNBUFFERED": "1",
        "TODOLIST_DATABASE_URL": mysql.url(f"{name}{suffix}", password, f"{name}{suffix}"),
        "TODOLIST_REDIS_URL": redis.url,
        "TODOLIST_SERVICE_KEY": secrets["service_key"],
        "TODOLIST_HOST": HOST,
        **{f"TODOLIST_{other.upper()}_URL": url for other, url in urls.items()},
    }
    if name == "auth":
        environment |= {
            "TODOLIST_KEY_ENCRYPTION_KEY": secrets["key_encryption_key"],
            "TODOLIST_REFRESH_KEY": secrets["refresh_key"],
            "TODOLIST_COOKIE_SECURE": "false",
        }
    return environment


class Service:
    """A running service on a port of its own, which it keeps when it is started again."""

    def __init__(
        self,
        name: str,
        *,
        env: Mapping[str, str],
        port: int | None = None,
        log: Path | None = None,
        python: Path | str = sys.executable,
        arguments: tuple[str, ...] = (),
        run: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.port = port or free_port()
        self.process = Process(
            name,
            [python, "-m", *(run or (name,)), *arguments],
            log=log,
            env={**env, "TODOLIST_PORT": str(self.port)},
            cwd=ROOT,
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """Everything it has logged."""
        path = self.process.log
        return path.read_text(errors="replace") if path is not None and path.exists() else ""

    def start(self, *, wait: bool = True) -> None:
        """Start it and, unless told otherwise, wait until it is ready."""
        self.process.start()
        if not wait:
            return
        try:
            self.wait_ready()
        except StartError:
            self.kill()
            raise

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until /readyz says 200."""
        if not wait_until(self.ready, seconds=seconds, alive=lambda: self.process.running):
            raise self.process.failed("did not become ready")

    def ready(self) -> bool:
        """Whether /readyz says 200."""
        return answers(f"{self.url}/readyz")

    def stop(self) -> int | None:
        """SIGTERM, wait for the drain; its exit status."""
        return self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers none."""
        self.process.pause()

    def resume(self) -> None:
        """SIGCONT: the end of a pause."""
        self.process.resume()


def answers(url: str) -> bool:
    """Whether a GET of this address gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - an address of ours
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
