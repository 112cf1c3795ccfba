"""docs/reliability.md: written from what the runs have found, which is kept as JSON beside it."""

import json
import platform
import statistics
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.attacks import ATTACKS
from tests.faults.hostile import Hostile, p99
from tests.faults.plan import KINDS
from tests.faults.run import Result
from tests.faults.soak import EVERY_SECONDS, GROWTH, UNITS, Soak, plot
from tests.faults.special import Exhaustion
from tools.stack.service import ROOT

PAGE = ROOT / "docs" / "reliability.md"
METHOD = Path(__file__).with_name("method.md")
FOUND = ROOT / "docs" / "reliability"

Json = dict[str, Any]


def keep_faults(seed: str, results: list[Result], exhausted: Exhaustion, seconds: float) -> None:
    """What `make faults` has found."""
    found = {
        "seed": seed,
        "runs": len(results),
        "minutes": round(seconds / 60),
        "writes": sum(result.acknowledged for result in results),
        "events": sum(result.events for result in results),
        "violations": [text for result in results for text in result.violations] + exhausted.violations,
        "rows": _summary(results),
        "exhaustion": {
            "requests": exhausted.requests,
            "refused": exhausted.answers["503"],
            "slowest": round(exhausted.slowest_refusal, 2),
            "recovery": round(exhausted.recovery, 1),
        },
    }
    _keep("faults", found)


def keep_hostile(attacked: Hostile) -> None:
    """What hostile clients have done."""
    rows = [
        {
            "what": what,
            "clients": clients,
            "p99": round(p99(times) * 1000),
            "answers": ", ".join(
                f"{answer} ({count:,})" for answer, count in sorted(attacked.answered(what).items())
            ),
        }
        for what, clients, times in (
            ("nobody", 0, attacked.quiet),
            *((name, ATTACKS[name].clients, times) for name, times in attacked.alone.items()),
            ("all of them", sum(attack.clients for attack in ATTACKS.values()), attacked.together),
        )
    ]
    before, most, after = (round(value) for value in attacked.memory)
    memory = {"before": before, "most": most, "after": after}
    _keep("hostile", {"rows": rows, "memory": memory, "violations": attacked.violations})


def keep_soak(found: Soak, minutes: float) -> None:
    """What `make soak` has found, with its curves."""
    FOUND.mkdir(exist_ok=True)
    (FOUND / "soak.svg").write_text(plot(found))
    rows = [
        {"what": title, **dict(zip(("early", "late", "most"), map(round, found.quarters(kind)), strict=True))}
        for kind, title in UNITS.items()
    ]
    told = {"command": f"make soak MINUTES={minutes:g}", "every": EVERY_SECONDS, "writes": found.writes}
    _keep("soak", {**told, "violations": found.violations, "rows": rows})


def _keep(name: str, found: Json) -> None:
    """Remember what was found, and write the page anew."""
    FOUND.mkdir(exist_ok=True)
    text = json.dumps({"machine": machine()} | found, indent=1, ensure_ascii=False)
    (FOUND / f"{name}.json").write_text(text + "\n")
    write()


def write() -> None:
    """The page, from all that was found."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(FOUND.glob("*.json"))}
    parts = [METHOD.read_text().rstrip()]
    if "faults" in found:
        parts.append(_faults(found["faults"]))
    if "hostile" in found:
        parts.append(_hostile(found["hostile"]))
    if "soak" in found:
        parts.append(_soak(found["soak"]))
    PAGE.write_text("\n\n".join(parts) + "\n")


def machine() -> str:
    """The processor, its cores, and the versions that matter."""
    names = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    ]
    model = names[0] if names else platform.processor() or platform.machine()
    return f"{model}, {len(names) or '?'} cores, Python {platform.python_version()}"


def _summary(results: Iterable[Result]) -> list[Json]:
    """One row a fault: how often, what was written meanwhile, how long until all was well."""
    rows: dict[str, Json] = defaultdict(lambda: {"count": 0, "seconds": 0.0, "writes": 0, "recoveries": []})
    for result in results:
        for outcome in result.outcomes:
            faults = outcome.step.faults
            long = f", {outcome.step.seconds:.0f} s" if outcome.step.seconds > 10 else ""
            name = f"{faults[0]}{long}" if len(faults) == 1 else "two to four at once"
            row = rows[name]
            row["count"] += 1
            row["seconds"] += outcome.step.seconds
            row["writes"] += outcome.acknowledged
            row["recoveries"].append(outcome.recovery)
    found = []
    for name in sorted(rows):
        row = rows[name]
        recoveries = row.pop("recoveries")
        row |= {"median": round(statistics.median(recoveries), 1), "longest": round(max(recoveries), 1)}
        found.append({"fault": name, **row, "seconds": round(row["seconds"])})
    return found


def _faults(found: Json) -> str:
    pool = found["exhaustion"]
    return "\n\n".join(
        [
            "## Faults",
            _paragraph(
                f"Machine: {found['machine']}. {found['minutes']} minutes, {_count(found['runs'], 'run')}",
                f"(SEED={found['seed']}), {found['writes']:,} acknowledged writes,",
                f"{found['events']:,} events received by clients,",
                f"**{_count(len(found['violations']), 'violation')}**.",
            ),
            *_violations(found),
            "\n".join(f"- **{kind}**: {text}." for kind, text in KINDS.items()),
            _table(
                ("fault", "times", "seconds", "writes", "well after (s, median)", "(s, longest)"),
                ("fault", "count", "seconds", "writes", "median", "longest"),
                found["rows"],
            ),
            _paragraph(
                "*Writes*: acknowledged while the fault lasted and until all was well, by what was not hit",
                "and by what was back. *Well after*: from the end of the fault (what was killed is ready",
                "again) until a task and a message written through each replica are on a screen of",
                "each replica within a second.",
            ),
            _paragraph(
                f"Pool exhaustion: of {pool['requests']} reads while every connection for reading was held,",
                f"{pool['refused']} were answered 503, the slowest after {pool['slowest']} s;",
                f"{pool['recovery']} s after the release everything was answered again.",
            ),
        ]
    )


def _hostile(found: Json) -> str:
    memory = found["memory"]
    return "\n\n".join(
        [
            "## Hostile clients",
            _paragraph(
                f"Machine: {found['machine']}. On one replica each of todo and chat, which share a core:",
                "clients that mean harm, beside a user who reads a list and writes a task in turn in four",
                "windows. The attackers compute on another core, with what is left of it: they are not to",
                "starve what they attack by living on its machine. Quiet is measured before each attack.",
                "The user's p99 may double (10 ms are the machine's), the memory has to come back, and each",
                f"limit to answer as documented: **{_count(len(found['violations']), 'violation')}**.",
            ),
            *_violations(found),
            _table(
                ("attack", "clients on each", "the user's p99 (ms)", "what it was answered"),
                ("what", "clients", "p99", "answers"),
                found["rows"],
            ),
            _paragraph(
                f"Resident memory of both processes: {memory['before']} MiB before, {memory['most']} MiB at",
                f"the most, {memory['after']} MiB a while after.",
            ),
        ]
    )


def _soak(found: Json) -> str:
    return "\n\n".join(
        [
            "## Soak",
            _paragraph(
                f"Machine: {found['machine']}. `{found['command']}`: the load without faults,",
                f"{found['writes']:,} acknowledged writes,",
                f"**{_count(len(found['violations']), 'violation')}**.",
                f"Sums over the six processes, sampled every {found['every']:g} s; every minute there are",
                "other clients and lists. Flat: the median of the last quarter of the time is at most",
                f"{GROWTH:g} of that of the second quarter (in the first, everything warms up).",
            ),
            *_violations(found),
            "![memory, descriptors, tasks and connections over time](reliability/soak.svg)",
            _table(
                ("", "second quarter (median)", "last quarter (median)", "most"),
                ("what", "early", "late", "most"),
                found["rows"],
            ),
        ]
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _violations(found: Json) -> list[str]:
    """Each of them, if there are any."""
    return ["\n".join(f"- ✗ {text}" for text in found["violations"])] if found["violations"] else []


def _table(titles: tuple[str, ...], names: tuple[str, ...], rows: list[Json]) -> str:
    """Rows as Markdown; numbers stand on the right."""
    right = [all(isinstance(row[name], int | float) for row in rows) for name in names]
    lines = ["|".join(["", *(f" {title} " for title in titles), ""])]
    lines.append("|".join(["", *("--:" if number else "---" for number in right), ""]))
    for row in rows:
        cells = (f" {row[name]:,} " if isinstance(row[name], int) else f" {row[name]} " for name in names)
        lines.append("|".join(["", *cells, ""]))
    return "\n".join(lines)


def _paragraph(*parts: str) -> str:
    return textwrap.fill(" ".join(parts), width=130, break_long_words=False, break_on_hyphens=False)


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
