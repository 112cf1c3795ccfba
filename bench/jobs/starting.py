"""How long a process takes until it is ready, and what it holds in memory at rest.

With the packages that are shipped and no others: some load whatever they find beside them.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import machine
from bench.arena import Arena
from bench.job import Contestant, Goal, Job, Sample
from bench.world import World
from tools.prepare import ROOT, STATE, environment
from tools.stack.service import NAMES

REST_SECONDS = 5.0
LIBRARIES = (
    "fastapi, uvicorn, uvloop, httptools, sqlalchemy.ext.asyncio, asyncmy, redis.asyncio, httpx, jose.jws"
)
"""The largest of those that every service begins with."""


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    shipped = {name: _shipped(name) for name in NAMES}
    with arena.world(env={"PYTHONDONTWRITEBYTECODE": ""}) as world:  # compiled, as in an image
        rest = 0.5 if arena.short else REST_SECONDS
        yield [
            *(Contestant(name, "", _start(arena, world, name, rest, shipped[name])) for name in NAMES),
            Contestant("its libraries", f"only `import {LIBRARIES}`", _import(arena, shipped["todo"])),
        ]


def _shipped(name: str) -> Path:
    """The interpreter of an environment such as the one in a service's image."""
    home = STATE / "bench" / f"{name}.venv"
    environment(f"Packages of {name}", home, ROOT / "services" / name / "requirements.txt")
    return home / "bin" / "python"


def _start(arena: Arena, world: World, name: str, rest: float, python: Path) -> Callable[[float], Sample]:
    def measure(_: float) -> Sample:
        begun = time.monotonic()
        replica = world.replica(name, arena.cores.server, python)
        took = time.monotonic() - begun
        used = machine.cpu_seconds(replica.process.pid)
        time.sleep(rest)  # nobody asks it for anything: this is what it holds
        resident = machine.resident_bytes(replica.process.pid) / 1e6
        replica.stop()
        return Sample(1, took, used, figures={"start": took, "resident_mb": resident})

    return measure


def _import(arena: Arena, python: Path) -> Callable[[float], Sample]:
    def measure(_: float) -> Sample:
        begun, used = time.monotonic(), os.times().children_user + os.times().children_system
        with machine.on(arena.cores.server):
            subprocess.run([python, "-c", f"import {LIBRARIES}"], check=True, timeout=60)
        took, all_used = time.monotonic() - begun, os.times().children_user + os.times().children_system
        return Sample(1, took, all_used - used, figures={"start": took})

    return measure


JOBS = [
    Job(
        "start",
        "Process start to ready, and memory at rest",
        "starts/s",
        _open,
        [
            *(Goal(None, most=1.0, of="start", ours=name) for name in NAMES),
            *(Goal(None, most=110, of="resident_mb", ours=name) for name in NAMES),
        ],
        show="start",
        figures={"start": "start, s", "resident_mb": "resident, MB"},
    )
]
