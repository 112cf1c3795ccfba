"""`make faults [MINUTES=…] [SEED=…]`, `make soak [MINUTES=…]`; without MINUTES 90 s and no page."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from tests.faults import plan, report, soak, special
from tests.faults.hostile import Hostile, hostile, p99
from tests.faults.run import Result, Run
from tests.faults.system import System
from tools.console import heading, say
from tools.stack.service import NAMES

SECONDS = 90.0  # a run; longer ones are several, each with accounts and lists of its own
ALONE = 0.8  # of it at the most for faults that come alone: all of them, unless the machine is slow
PREFIX = "todolist-faults-"


def main() -> int:
    """Parse, run, and leave nothing behind."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("what", nargs="?", default="faults", choices=[*WORK])
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--seed", default="")
    told = parser.parse_args()
    # Both end it as Ctrl-C does, also where we were started in the background, which ignores SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    seed = told.seed or secrets.token_hex(4)
    heading(f"make {told.what}, SEED={seed}")
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    failed = True
    try:
        violations = uvloop.run(WORK[told.what](home, seed, told.minutes))
        failed = bool(violations)
    except KeyboardInterrupt:
        return 130
    finally:
        if failed and os.environ.get("KEEP"):
            say(f"The logs are in {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)
    for violation in violations:
        say(f"  ✗ {violation[:2000]}")
    say(f"\n{len(violations)} violations" if violations else "\nNo violation.")
    return 1 if violations else 0


async def _faults(home: Path, seed: str, minutes: float) -> list[str]:
    """Each fault alone, then mixtures; with time given also those that take theirs, and hostile clients."""
    began = time.monotonic()
    system = System(home)
    results: list[Result] = []
    try:
        await system.start()
        if not minutes:
            return (await _run(system, seed)).violations
        exhausted = await special.exhaust(system, seed)
        say(f"  a pool is exhausted: {dict(exhausted.answers)}, well after {exhausted.recovery:.1f} s")
        attacked = await _attack(system, seed)
        results.append(await _run(system, f"{seed}-long", special.long_steps(seed)))
        while time.monotonic() < began + minutes * 60:
            results.append(await _run(system, seed if len(results) == 1 else f"{seed}-{len(results)}"))
    finally:
        await system.stop()
    report.keep_faults(seed, results, exhausted, time.monotonic() - began)
    report.keep_hostile(attacked)
    of_runs = [f"{result.seed}: {text}" for result in results for text in result.violations]
    return [*exhausted.violations, *attacked.violations, *of_runs]


async def _hostile(home: Path, seed: str, minutes: float) -> list[str]:
    """Hostile clients alone."""
    system = System(home)
    try:
        await system.start()
        attacked = await _attack(system, seed)
    finally:
        await system.stop()
    if minutes:
        report.keep_hostile(attacked)
    return attacked.violations


async def _attack(system: System, seed: str) -> Hostile:
    attacked = await hostile(system, seed)
    for what, times in (("quiet", attacked.quiet), *attacked.alone.items(), ("all", attacked.together)):
        answers = ", ".join(f"{answer}: {count:,}" for answer, count in attacked.answered(what).items())
        say(f"  {what:30} p99 {p99(times) * 1000:4.0f} ms of {len(times):5,}  {answers}")
    return attacked


async def _run(system: System, seed: str, steps: list[plan.Step] | None = None) -> Result:
    """One run: these steps, or else each fault alone and mixtures until its time is over."""
    heading(f"\nSEED={seed}")
    run = Run(system, seed, say)
    try:
        await run.begin()
        if steps is not None:
            await run.steps(steps)
        else:
            now = time.monotonic()
            await run.steps(plan.alone(seed), until=now + SECONDS * ALONE)
            await run.steps(plan.mixtures(seed), until=now + SECONDS)
    except BaseException:
        await run.stop()
        raise
    result = await run.end()
    written = f"{result.acknowledged:,} writes, {result.events:,} events"
    say(f"  {written}, {len(result.violations)} violations, {result.seconds:.0f} s")
    return result


async def _soak(home: Path, seed: str, minutes: float) -> list[str]:
    """The load without faults."""
    system = System(home)
    try:
        await system.start(run={name: ("tests.faults.watched", name) for name in NAMES})
        found = await soak.soak(system, seed, minutes * 60 or SECONDS, say)
    finally:
        await system.stop()
    if minutes:
        report.keep_soak(found, minutes)
    return found.violations


WORK = {"faults": _faults, "hostile": _hostile, "soak": _soak}


if __name__ == "__main__":
    sys.exit(main())
