"""How long a process takes until it is ready, and what it holds in memory at rest."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from bench import machine
from bench.arena import Arena
from bench.job import Contestant, Goal, Job, Sample
from bench.world import World
from tools.stack.service import NAMES

REST_SECONDS = 5.0


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with arena.world() as world:
        rest = 0.5 if arena.short else REST_SECONDS
        yield [Contestant(name, "", _start(arena, world, name, rest)) for name in NAMES]


def _start(arena: Arena, world: World, name: str, rest: float) -> Callable[[float], Sample]:
    def measure(_: float) -> Sample:
        begun = time.monotonic()
        replica = world.replica(name, arena.cores.server)
        took = time.monotonic() - begun
        used = machine.cpu_seconds(replica.process.pid)
        time.sleep(rest)  # nobody asks it for anything: this is what it holds
        resident = machine.resident_bytes(replica.process.pid) / 1e6
        replica.stop()
        return Sample(1, took, used, figures={"start": took, "resident_mb": resident})

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
