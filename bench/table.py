"""A job's outcome as a table: in the terminal, and in Markdown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.job import OURS, Goal, Job
from bench.results import Measured
from bench.stats import Spread, figure, outcome
from tools.console import heading, paint, say


@dataclass(frozen=True)
class Column:
    """One figure: its name, what stands above it, how it is written."""

    name: str
    heading: str
    write: Callable[[float], str]


@dataclass(frozen=True)
class Verdict:
    """A goal, and what came out."""

    goal: Goal
    value: Spread

    @property
    def holds(self) -> bool:
        """Whether the median is good enough."""
        return self.goal.holds(self.value.middle)

    @property
    def text(self) -> str:
        """The goal in words, and the value with its spread."""
        sign = "≥" if self.goal.least is not None else "≤"
        of = "" if self.goal.other is None else f" of {self.goal.other}"
        ours = "" if self.goal.ours == OURS else f"{self.goal.ours}: "
        what = "" if self.goal.of == "rate" else f"{self.goal.of.replace('_', ' ')} "
        stretch = " (stretch)" if self.goal.stretch else ""
        return f"{ours}{what}{sign} {self.goal.bound:g}{of}{stretch}"

    @property
    def found(self) -> str:
        """The value with its spread."""
        return f"{number(self.value.middle)} ({number(self.value.low)}–{number(self.value.high)})"


def number(value: float) -> str:
    """Three digits that mean something, thousands set apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def columns(job: Job, measured: Sequence[Measured]) -> list[Column]:
    """Those of this job for which anything was measured."""
    candidates = [
        Column("rate", job.unit, number),
        Column("cpu", "CPU each, µs", number),
        Column("p50", "p50, ms", number),
        Column("p99", "p99, ms", number),
        *(Column(name, text, number) for name, text in job.figures.items()),
        Column("server_cpu", "its core busy", _percent),
        Column("load_cpu", "load generator", _percent),
    ]
    return [each for each in candidates if any(figure(its.samples, each.name) for its in measured)]


def rows(job: Job, measured: Sequence[Measured]) -> list[list[str]]:
    """The cells, headings first: medians, of the rate the spread, too."""
    shown = columns(job, measured)
    table = [["", *(each.heading for each in shown)]]
    for its in measured:
        found = [(each, figure(its.samples, each.name)) for each in shown]
        table.append([its.name, *(_cell(column, value) for column, value in found)])
    return table


def verdicts(job: Job, measured: Sequence[Measured]) -> list[Verdict]:
    """Each goal with what came out."""
    samples = {its.name: its.samples for its in measured}
    found = [(goal, outcome(goal, samples)) for goal in job.goals]
    return [Verdict(goal, value) for goal, value in found if value is not None]


def show(job: Job, measured: Sequence[Measured]) -> None:
    """Print it."""
    heading(f"\n{job.title} [{job.name}]")
    table = rows(job, measured)
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    for row in table:
        first, *others = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        say(f"  {'  '.join([first, *others])}")
    for verdict in verdicts(job, measured):
        mark = paint("✓", "32") if verdict.holds else paint("✗", "31")
        say(f"  {mark} {verdict.text}: {verdict.found}")


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _cell(column: Column, value: Spread | None) -> str:
    if value is None:
        return ""
    middle = column.write(value.middle)
    return (
        middle
        if column.name != "rate"
        else f"{middle} ({column.write(value.low)}–{column.write(value.high)})"
    )
