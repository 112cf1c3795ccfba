"""The arithmetic of the bench: what its tables claim follows from what was measured."""

import xml.etree.ElementTree as ET

import pytest

from bench import document
from bench.job import OURS, Goal, Job, Sample
from bench.plot import draw
from bench.results import Measured, Results
from bench.stats import figure, outcome, percentile, ratio
from bench.table import number, rows, verdicts


def _samples(*rates: int, **figures: float) -> list[Sample]:
    return [Sample(rate, 1.0, cpu_seconds=0.5, p50=1.0, p99=2.0, figures=figures) for rate in rates]


def _job(*goals: Goal) -> Job:
    return Job("probe", "A <probe>", "things/s", lambda _: pytest.fail("is not run"), goals)


def test_figures_of_a_sample() -> None:
    """Per second, and microseconds of CPU per operation."""
    sample = Sample(200, 2.0, cpu_seconds=0.1, p50=1.5, figures={"resident": 7.0})
    assert [sample.figure(name) for name in ("rate", "cpu", "p50", "p99", "resident", "none")] == [
        100.0,
        500.0,
        1.5,
        None,
        7.0,
        None,
    ]
    assert Sample(0, 1.0, cpu_seconds=0.1).figure("cpu") is None


def test_a_ratio_is_taken_round_by_round() -> None:
    """A round in which the machine was half as fast says the same; the medians' ratio would not."""
    ours, others = _samples(200, 100, 220), _samples(100, 50, 200)
    found = ratio(ours, others, "rate")
    assert found is not None
    assert (found.middle, found.low, found.high) == (2.0, 1.1, 2.0)
    with pytest.raises(ValueError, match="shorter"):
        ratio(ours, others[:2], "rate")


def test_goals_with_a_peer_and_without() -> None:
    """At least, at most, and the figure itself."""
    results = {OURS: _samples(90, kib=19.0), "peer": _samples(100, kib=25.0)}
    for goal, value, holds in (
        (Goal("peer", least=0.9), 0.9, True),
        (Goal("peer", least=1), 0.9, False),
        (Goal(None, most=20, of="kib"), 19.0, True),
        (Goal("peer", most=0.5, of="kib"), 0.76, False),
        (Goal(OURS, most=1.2, ours="peer"), 1.11, True),
    ):
        found = outcome(goal, results)
        assert found is not None
        assert found.middle == pytest.approx(value, rel=0.01)
        assert goal.holds(found.middle) is holds


def test_percentiles_are_values_that_were_measured() -> None:
    """By nearest rank."""
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile(range(1, 101), 0.5) == 50
    assert percentile([7.0], 0.99) == 7.0
    assert figure([], "rate") is None


def test_numbers_are_written_with_what_they_mean() -> None:
    """Not with more digits than were measured."""
    assert [number(value) for value in (0.123, 1.5, 12.34, 123.4, 12345.6)] == [
        "0.12",
        "1.50",
        "12.3",
        "123",
        "12,346",
    ]


def test_tables_and_plots_of_what_was_measured() -> None:
    """A column is left out when nobody has it; names are no markup."""
    job = _job(Goal("peer <b>", least=2), Goal("peer <b>", least=1, stretch=True))
    measured = [Measured(OURS, "us", _samples(100, 110)), Measured("peer <b>", "them", _samples(80, 80))]
    assert rows(job, measured)[0] == ["", "things/s", "CPU each, µs", "p50, ms", "p99, ms"]
    assert [verdict.holds for verdict in verdicts(job, measured)] == [False, True]
    root = ET.fromstring(draw(job, measured))  # noqa: S314 - it was made here
    shapes = [element.get("class") for element in root.iter() if element.get("class")]
    assert (shapes.count("ours"), shapes.count("other"), shapes.count("goal")) == (1, 1, 1)
    results = Results({job.name: measured}, {job.name: {"Processor": "one"}})
    text = document.render(
        "# T\n\n{{goals}}\n\n{{machine}}\n\n{{job:probe}}\n\n{{job:other}}\n", results, [job]
    )
    assert "- Processor: one" in text
    assert "![A <probe>](bench/probe.svg)" in text
    assert "{{" not in text
