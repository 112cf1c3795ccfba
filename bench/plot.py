"""One plot a job: a bar for each contestant, its median, with a line from the least to the greatest round.

An SVG of a few lines, readable on light and dark pages alike.
"""

from collections.abc import Sequence
from html import escape

from bench.job import OURS, Job
from bench.results import Measured
from bench.stats import Spread, figure
from bench.table import number

WIDTH, ROW, BAR, TOP = 760, 34, 18, 34
CHARACTER = 7.2  # what a letter takes of the width, at 13 pixels
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .other { fill: #b6bec9; }
  .ours { fill: #2f6feb; }
  .spread, .goal { stroke: #1f2328; fill: none; }
  .goal { stroke: #c2410c; stroke-dasharray: 3 3; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .other { fill: #4b5563; }
    .ours { fill: #4c8dff; }
    .spread { stroke: #e6edf3; }
    .goal { stroke: #fb923c; }
  }
"""


def draw(job: Job, measured: Sequence[Measured]) -> str:
    """The plot as SVG text."""
    found = [(its.name, value) for its in measured if (value := figure(its.samples, job.show)) is not None]
    left = max(len(name) for name, _ in found) * CHARACTER + 16
    # The value stands to the right of its bar.
    marks = _goals(job, dict(found))
    scale = (WIDTH - left - 90) / (max([value.high for _, value in found] + [at for _, at in marks]) or 1)
    unit = job.unit if job.show == "rate" else job.figures.get(job.show, job.show)
    lines = [f'  <text class="title" x="0" y="16">{escape(job.title)}, {escape(unit)}</text>']
    for place, (name, value) in enumerate(found):
        lines += _bar(name, value, TOP + place * ROW, left, scale, ours=name == OURS)
    height = TOP + len(found) * ROW
    lines += [_goal(left + at * scale, TOP + place * ROW, height) for place, at in marks]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
            f' height="{height}" role="img" aria-label="{escape(job.title)}">',
            f"  <style>{STYLE}  </style>",
            *lines,
            "</svg>\n",
        ]
    )


def _bar(name: str, value: Spread, y: float, left: float, scale: float, *, ours: bool) -> list[str]:
    middle, low, high = (left + each * scale for each in (value.middle, value.low, value.high))
    line = y + BAR / 2
    return [
        f'  <text x="{left - 10:.0f}" y="{y + 14}" text-anchor="end">{escape(name)}</text>',
        f'  <rect class="{"ours" if ours else "other"}" x="{left:.1f}" y="{y}" width="{middle - left:.1f}"'
        f' height="{BAR}" rx="2"/>',
        f'  <path class="spread" d="M{low:.1f} {line:.0f}H{high:.1f}"/>',
        f'  <text class="quiet" x="{max(middle, high) + 8:.1f}" y="{y + 14}">{number(value.middle)}</text>',
    ]


def _goals(job: Job, found: dict[str, Spread]) -> list[tuple[int, float]]:
    """Where our bar has to reach, or where it must end: the bar's place, and the value."""
    names = list(found)
    goals = [each for each in job.goals if each.of == job.show and not each.stretch and each.ours in found]
    others = [1.0 if each.other is None else found[each.other].middle for each in goals]
    return [(names.index(goal.ours), goal.bound * other) for goal, other in zip(goals, others, strict=True)]


def _goal(x: float, y: float, height: int) -> str:
    return f'  <path class="goal" d="M{x:.1f} {y - 5}V{min(y + BAR + 5, height)}"/>'
