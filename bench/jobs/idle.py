"""Idle sockets: what 10,000 of them, authenticated and subscribed, hold in one process."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from bench import rooms
from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job, Sample
from bench.live import sockets
from bench.rooms import ABOUT, GORILLA, SOCKETIO, Opener

SOCKETS, FEW = 10_000, 200
PEOPLE = 1000  # who open them, ten each
KIB = 1024


def _measure(arena: Arena, opener: Opener, seconds: float) -> Sample:
    """In a process of its own each time: memory that was used once does not go back to the system."""
    count = SOCKETS if seconds == JOB.seconds else FEW
    with opener() as room, sockets(arena, "idle", replace(room.target, sockets=count)) as tool:
        tool.answer()
        before = room.resident_bytes()
        tool.go_on()
        tool.answer()
        after = room.resident_bytes()
        tool.go_on()
        opened = tool.answer()
    return Sample(
        operations=count,
        seconds=opened["seconds"],
        cpu_seconds=opened["cpu"]["server"],
        figures={
            "resident": (after - before) / count / KIB,
            "load_cpu": opened["cpu"]["load"] / opened["seconds"],
        },
    )


@contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with ExitStack() as stack:
        world = stack.enter_context(arena.world())
        redis = stack.enter_context(arena.redis())
        openers = {
            OURS: rooms.ours(arena, world, PEOPLE),
            SOCKETIO: rooms.socketio(arena, redis),
            GORILLA: rooms.gorilla(arena, redis),
        }
        yield [
            Contestant(name, ABOUT[name], partial(_measure, arena, opener))
            for name, opener in openers.items()
        ]


JOB = Job(
    "idle",
    f"{SOCKETS:,} idle sockets in one process",
    "opened/s",
    _open,
    [Goal(None, most=20, of="resident")],
    show="resident",
    figures={"resident": "KiB a socket"},
    rounds=2,
)
JOBS = [JOB]
