"""The arithmetic: medians, and ratios taken round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.job import Goal, Sample

Rounds = Sequence[Sample]
"""What one contestant did, in the order of the rounds."""


@dataclass(frozen=True)
class Spread:
    """The median over the rounds, with the least and the greatest."""

    middle: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """None where nothing was measured."""
    return Spread(median(values), min(values), max(values)) if values else None


def figure(rounds: Rounds, name: str) -> Spread | None:
    """One figure of a contestant over its rounds."""
    return spread([value for sample in rounds if (value := sample.figure(name)) is not None])


def ratio(ours: Rounds, others: Rounds, name: str) -> Spread | None:
    """Our figure divided by the other's of the same round, so that what slows a whole round cancels out."""
    pairs = [(mine.figure(name), other.figure(name)) for mine, other in zip(ours, others, strict=True)]
    return spread([mine / other for mine, other in pairs if mine is not None and other])


def outcome(goal: Goal, results: Mapping[str, Rounds]) -> Spread | None:
    """What the goal is about: a ratio, or without a peer the figure itself."""
    if goal.other is None:
        return figure(results[goal.ours], goal.of)
    return ratio(results[goal.ours], results[goal.other], goal.of)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the least value that so great a share of all does not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 1)  # rounded up
    return ordered[max(0, int(rank) - 1)]
