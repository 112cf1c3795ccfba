"""How much memory the idle stack takes, as `make dev` runs it but for the front end's development server."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.bootstrap import bootstrap, new_secrets
from common.migrate import migrate
from tests.support import Person, eventually
from tests.support.person import new_email
from tools.dev import RELOADING
from tools.stack import MySQL, Process, Redis, Service, free_port, service_environment
from tools.stack.service import NAMES

LIMIT_MB = 700

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/smaps_rollup").exists(), reason="Linux says how much is resident"
    ),
]


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[list[Process]]:
    """Servers and services with their production settings, the services with reload; each used once."""
    mysql, redis = MySQL(tmp_path / "mysql"), Redis(tmp_path / "redis")
    secrets, ports = new_secrets(), {name: free_port() for name in NAMES}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    services: list[Service] = []
    try:
        redis.start()
        mysql.start()
        bootstrap(mysql.url(), secrets)
        for name in NAMES:
            migrate(name, mysql.url(f"{name}_migrator", secrets[f"{name}_migrator_password"], name))
            known = service_environment(name, mysql=mysql, redis=redis, secrets=secrets, urls=urls)
            log = tmp_path / f"{name}.log"
            arguments = ("--reload",)
            service = Service(
                name, env={**known, **RELOADING}, port=ports[name], log=log, arguments=arguments
            )
            services.append(service)
            service.start(wait=False)
        for service in services:
            service.wait_ready()
        yield [mysql.process, redis.process, *(service.process for service in services)]
    finally:
        for service in services:
            service.kill()
        redis.kill()
        mysql.kill()


async def test_the_idle_stack_is_small(
    idle: list[Process], record_property: Callable[[str, object], None]
) -> None:
    """Proportional set size: what processes share (a reloader and its child, libraries) counts once."""
    services = {process.name: process for process in idle[2:]}
    ports = {name: str((process.env or {})["TODOLIST_PORT"]) for name, process in services.items()}
    ann = Person(lambda name: f"http://127.0.0.1:{ports[name]}", "Ann", new_email("Ann"))
    await ann.register()  # a password hashed and every pool used, as on any day

    async def room_follows() -> bool:
        return bool((await ann.get("/api/chat/rooms")).json()["items"])

    await ann.post("/api/todo/lists", json={"title": "Groceries"})
    await eventually(room_follows, timeout=20)
    await ann.client.aclose()

    used = {process.name: (_resident(process, "Pss"), _resident(process, "Rss")) for process in idle}
    for name, (pss, rss) in used.items():
        record_property(name, f"PSS {pss:.0f} MB, RSS {rss:.0f} MB")
    total, resident = (sum(figures) for figures in zip(*used.values(), strict=True))
    told = ", ".join(f"{name} {pss:.0f}/{rss:.0f}" for name, (pss, rss) in used.items())
    # The figure is the point.
    print(f"\nidle stack, PSS/RSS in MB: {told}; together {total:.0f}/{resident:.0f}")  # noqa: T201 - the figure is the point
    assert total < LIMIT_MB, told


def _resident(process: Process, kind: str) -> float:
    """Megabytes of a process and everything in its session."""
    kibibytes = 0
    for pid in (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            if os.getsid(int(pid)) != process.pid:
                continue
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (ProcessLookupError, FileNotFoundError):
            continue  # it has just ended
        kibibytes += next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
    return kibibytes * 1024 / 1_000_000
