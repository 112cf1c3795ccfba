"""docs/performance.md and its plots: the prose of bench/performance.md, filled with what was measured."""

import re
from collections.abc import Callable, Sequence

from bench.job import Job
from bench.plot import draw
from bench.results import FILE, Results
from bench.table import rows, verdicts
from tools.prepare import ROOT

TEMPLATE = ROOT / "bench" / "performance.md"
DOCUMENT = ROOT / "docs" / "performance.md"
MARK = re.compile(r"^\{\{(\w+)(?::([\w-]+))?\}\}$", re.M)


def write(results: Results, jobs: Sequence[Job]) -> None:
    """Write the document, and a plot for each job that was measured."""
    for job in jobs:
        if job.name in results.jobs:
            (FILE.parent / f"{job.name}.svg").write_text(draw(job, results.jobs[job.name]))
    DOCUMENT.write_text(render(TEMPLATE.read_text(), results, jobs))


def render(template: str, results: Results, jobs: Sequence[Job]) -> str:
    """The template with its marks replaced: {{goals}}, {{machine}}, {{job:NAME}}."""
    by_name = {job.name: job for job in jobs}
    makers: dict[str, Callable[[str], str]] = {
        "goals": lambda _: _goals(results, jobs),
        "machine": lambda _: _machine(results),
        "job": lambda name: _job(by_name[name], results) if name in by_name else "Not part of this tree.",
    }
    return MARK.sub(lambda found: makers[found[1]](found[2] or ""), template)


def _job(job: Job, results: Results) -> str:
    measured = results.jobs.get(job.name)
    if measured is None:
        return f"Not measured yet: `make bench ONLY={job.name}`."
    parts = [f"![{job.title}](bench/{job.name}.svg)", _markdown(rows(job, measured))]
    if job.goals:
        found = verdicts(job, measured)
        parts.append("\n".join(f"- {_tick(each.holds)} {each.text}: **{each.found}**" for each in found))
    if about := [f"- *{its.name}*: {its.about}" for its in measured if its.about]:
        parts.append("\n".join(about))
    return "\n\n".join(parts)


def _goals(results: Results, jobs: Sequence[Job]) -> str:
    table = [["Job", "Goal", "Measured", ""]]
    for job in jobs:
        table += (
            [
                [f"{job.title} (`{job.name}`)", verdict.text, verdict.found, _tick(verdict.holds)]
                for verdict in verdicts(job, results.jobs.get(job.name, []))
            ]
            if job.name in results.jobs
            else []
        )
    return _markdown(table, right=False)


def _machine(results: Results) -> str:
    described = [dict(pairs) for pairs in {tuple(each.items()) for each in results.machines.values()}]
    lists = [[f"- {name}: {text}" for name, text in each.items()] for each in described]
    return "\n\n".join("\n".join(lines) for lines in lists)


def _markdown(table: Sequence[Sequence[str]], *, right: bool = True) -> str:
    first, *others = table
    ruler = ["---", *("---:" if right else "---" for _ in first[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (first, ruler, *others))


def _tick(holds: bool) -> str:
    return "✓" if holds else "✗"
