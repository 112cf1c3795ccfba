"""What a measurement is made of: a job, its contestants, what each did in a round, and the goals."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.arena import Arena

OURS = "todolist"
"""The name of our own contestant in every job where there is exactly one."""


class WrongAnswerError(Exception):
    """A contestant answered something else than it should have: its figures would mean nothing."""


@dataclass(frozen=True)
class Sample:
    """What one contestant did in one round."""

    operations: int  # completed, and answered as they should be
    seconds: float
    cpu_seconds: float | None = None  # user and system time of the contestant's own processes
    p50: float | None = None  # milliseconds
    p99: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)  # whatever else was measured, by name

    def figure(self, name: str) -> float | None:
        """A figure by name: `rate`, `cpu` (microseconds per operation), `p50`, `p99`, or one of its own."""
        match name:
            case "rate":
                return self.operations / self.seconds
            case "cpu":
                known = self.cpu_seconds is not None and self.operations
                return self.cpu_seconds / self.operations * 1e6 if known and self.cpu_seconds else None
            case "p50" | "p99":
                return self.p50 if name == "p50" else self.p99
        return self.figures.get(name)


@dataclass(frozen=True)
class Contestant:
    """One of those that do the same job. `measure(seconds)` loads it for about so long; it raises
    WrongAnswerError when an answer is not what it should be."""

    name: str
    about: str  # for the document: what it is, and what it does for one operation
    measure: Callable[[float], Sample]


@dataclass(frozen=True)
class Goal:
    """`ours.of / other.of` within one run, or without `other` the figure itself, is at least or at most so
    much."""

    other: str | None
    least: float | None = None
    most: float | None = None
    of: str = "rate"
    ours: str = OURS
    stretch: bool = False  # hoped for, not required

    @property
    def bound(self) -> float:
        """The number that has to be reached or kept."""
        bound = self.least if self.least is not None else self.most
        assert bound is not None
        return bound

    def holds(self, value: float) -> bool:
        """Whether the value, a median over the rounds, is good enough."""
        return value >= self.bound if self.least is not None else value <= self.bound


@dataclass(frozen=True)
class Job:
    """Something to be done as often as possible, by us and by others.

    `open` starts the contestants, each on the arena's core for servers, asks each once for a correct answer,
    and yields them; it ends them when it is left. They all run at the same time but only one is loaded.
    """

    name: str  # what ONLY= says
    title: str
    unit: str  # of the rate, as in "pages/s"
    open: "Callable[[Arena], AbstractContextManager[Sequence[Contestant]]]"
    goals: Sequence[Goal] = ()
    show: str = "rate"  # the figure that the plot draws
    figures: Mapping[str, str] = field(default_factory=dict)  # further columns of the table: name to heading
    seconds: float = 4.0  # of one measurement
    rounds: int | None = None  # at the most, where one takes long
