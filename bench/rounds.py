"""Running a job: its contestants in turn, round by round, so that a slower minute slows all."""

from collections.abc import Callable

from bench.arena import Arena
from bench.job import Job
from bench.results import Measured

SHORT_SECONDS = 0.5
WARM_SECONDS = 2.0  # enough for the slowest to answer once on each connection


def run(job: Job, arena: Arena, rounds: int, tell: Callable[[str], None]) -> list[Measured]:
    """What each contestant did. The order is turned round from round to round."""
    seconds = SHORT_SECONDS if arena.short else job.seconds
    rounds = 1 if arena.short else min(rounds, job.rounds or rounds)
    tell(f"{job.name}: starting")
    with job.open(arena) as contestants:
        measured = [Measured(each.name, each.about) for each in contestants]
        pairs = list(zip(contestants, measured, strict=True))
        if not arena.short:  # connections are made, caches filled and code is compiled before anything counts
            for contestant, _ in pairs:
                tell(f"{job.name}: warming up {contestant.name}")
                contestant.measure(min(WARM_SECONDS, seconds))
        for number in range(rounds):
            for contestant, its in pairs if number % 2 == 0 else reversed(pairs):
                tell(f"{job.name}: round {number + 1} of {rounds}, {contestant.name}")
                its.samples.append(contestant.measure(seconds))
    return measured
