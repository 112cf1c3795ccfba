"""Two replicas on two cores against one on one.

The load and the stores need room as well, and this may be a machine of two cores: so that the comparison is
fair, everything shares one core in the one case, and two in the other.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench import machine
from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job, Sample
from bench.jobs.pages import OUR_PATH, Pages
from bench.load import CONNECTIONS, Load
from bench.world import World

ONE = "one replica, one core"


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with arena.world("todo") as world:
        pages = Pages(arena, world, lists=32, people=32)
        first = world.service("todo")
        second = world.replica("todo", arena.cores.others)
        requests = pages.requests(OUR_PATH)
        loads = [
            Load(arena, each.url, [each.process.pid], requests, connections=CONNECTIONS // 2)
            for each in (first, second)
        ]
        single = Load(arena, first.url, [first.process.pid], requests)
        for load in loads:
            load.check()
        yield [
            Contestant(OURS, "two replicas and everything else on two cores", _both(arena, world, loads)),
            Contestant(ONE, "one replica and everything else on one core", _one(arena, world, single)),
        ]


def _place(world: World, cores: frozenset[int]) -> None:
    for pid in (world.mysql.process.pid, world.redis.process.pid):
        machine.move(pid, cores)


def _both(arena: Arena, world: World, loads: Sequence[Load]) -> Callable[[float], Sample]:
    def measure(seconds: float) -> Sample:
        _place(world, arena.cores.both)
        with ThreadPoolExecutor(2) as pool:
            samples = list(pool.map(lambda load: load.measure(seconds, arena.cores.both), loads))
        return Sample(
            operations=sum(sample.operations for sample in samples),
            seconds=max(sample.seconds for sample in samples),
            cpu_seconds=sum(sample.cpu_seconds or 0 for sample in samples),
            p50=max(sample.p50 or 0 for sample in samples),
            p99=max(sample.p99 or 0 for sample in samples),
        )

    return measure


def _one(arena: Arena, world: World, load: Load) -> Callable[[float], Sample]:
    def measure(seconds: float) -> Sample:
        _place(world, arena.cores.server)
        return load.measure(seconds, arena.cores.server)

    return measure


JOBS = [Job("replicas", "Two replicas", "pages/s", _open, [Goal(ONE, least=1.8)])]
