"""Fan-out: one room, many sockets, messages through Redis."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from bench import rooms
from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job, Sample
from bench.live import sockets
from bench.rooms import ABOUT, GORILLA, SOCKETIO, Room

WINDOW = 64  # messages under way at once
STEADY = 20.0  # messages a second, when nobody is pressed
MILLISECONDS = 1000


def _measure(arena: Arena, room: Room, count: int, seconds: float) -> Sample:
    target = replace(room.target, sockets=count, warmup=min(0.5, seconds), seconds=seconds)
    with sockets(arena, "fanout", replace(target, window=WINDOW)) as tool:
        pressed = tool.answer()
    with sockets(arena, "fanout", replace(target, rate=STEADY)) as tool:
        steady = tool.answer()
    return Sample(
        operations=pressed["deliveries"],
        seconds=pressed["seconds"],
        cpu_seconds=pressed["cpu"]["server"],
        p50=pressed["last_socket"]["p50"] * MILLISECONDS,
        p99=pressed["last_socket"]["p99"] * MILLISECONDS,
        figures=_figures(pressed, steady),
    )


def _figures(pressed: dict[str, Any], steady: dict[str, Any]) -> dict[str, float]:
    return {
        "load_cpu": pressed["cpu"]["load"] / pressed["seconds"],
        "messages": pressed["messages"] / pressed["seconds"],
        "bytes": pressed["payload_bytes"],
        "steady_p50": steady["last_socket"]["p50"] * MILLISECONDS,
        "steady_p99": steady["last_socket"]["p99"] * MILLISECONDS,
    }


@contextmanager
def _open(count: int, arena: Arena) -> Iterator[Sequence[Contestant]]:
    count = min(count, 20) if arena.short else count
    with ExitStack() as stack:
        world = stack.enter_context(arena.world())
        redis = stack.enter_context(arena.redis())
        openers = {
            OURS: rooms.ours(arena, world, count),
            SOCKETIO: rooms.socketio(arena, redis),
            GORILLA: rooms.gorilla(arena, redis),
        }
        found = {name: stack.enter_context(opener()) for name, opener in openers.items()}
        yield [
            Contestant(name, ABOUT[name], partial(_measure, arena, room, count))
            for name, room in found.items()
        ]


def _job(count: int) -> Job:
    return Job(
        f"fanout-{count}",
        f"Fan-out to {count:,} sockets in one room",
        "deliveries/s",
        partial(_open, count),
        [Goal(SOCKETIO, least=1.4), Goal(GORILLA, least=0.8), Goal(SOCKETIO, most=1.0, of="p99")],
        figures={
            "messages": "messages/s",
            "bytes": "bytes each",
            "steady_p50": f"p50 at {STEADY:.0f}/s, ms",
            "steady_p99": f"p99 at {STEADY:.0f}/s, ms",
        },
    )


JOBS = [_job(200), _job(1000)]
