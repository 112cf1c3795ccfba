"""`make test`: every test, on servers of its own, with one summary at the end. Standard library only."""

import argparse
import json
import os
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.console import COLOURS, FailedError, end_as_by_ctrl_c, heading, paint, report, say
from tools.prepare import FRONTEND, PYTHON, ROOT, prepare
from tools.stack import Process, StartError

WORKERS = max(2, min(os.cpu_count() or 2, 6))  # each runs three services


def main() -> int:
    """`python3 -m tools.test [path …]`: all, or the tests under these paths."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.test", description=__doc__)
    parser.add_argument(
        "paths", nargs="*", help="files, folders or pytest's test ids; all when none is given"
    )
    paths = parser.parse_args().paths
    os.chdir(ROOT)
    end_as_by_ctrl_c()
    try:
        outcome = run_tests(paths)
    except KeyboardInterrupt:
        return 130
    except (FailedError, StartError) as failure:
        advice = getattr(failure, "advice", "Look at the log it names.")
        report(FailedError(str(failure), advice))
        return 1
    say(f"\n{outcome['passed']} passed, {outcome['failed']} failed")
    return 1 if outcome["failed"] or not outcome["passed"] else 0


def run_tests(paths: Sequence[str]) -> Counter[str]:
    """Prepare what the chosen tests need, run them, and count."""
    web = [path for path in paths if _is_web(path)]
    python = [path for path in paths if not _is_web(path)]
    everything = not paths
    browser = everything or any(_touches(path, "e2e") for path in python)
    needs = ["python"] if everything or python else []
    needs += ["servers"] if everything or python else []
    needs += ["node"] if everything or web or browser else []
    needs += ["browser"] if browser else []
    needs += ["promtool"] if everything or any(_touches(path, "manifests") for path in python) else []
    prepare(*needs)
    outcome: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="todolist-results-") as directory:
        if everything or web:
            outcome += _vitest(web, Path(directory) / "vitest.json")
        if everything or python:
            outcome += _pytest(python, Path(directory) / "pytest.xml")
    _tell_skipped(outcome)
    return outcome


def _vitest(paths: Sequence[str], results: Path) -> Counter[str]:
    heading("\nFront-end unit tests")
    inside = [str((ROOT / path).relative_to(FRONTEND)) for path in paths]
    reporters = ["--reporter=default", "--reporter=json", f"--outputFile.json={results}"]
    command = [
        str(FRONTEND / "node_modules/.bin/vitest"),
        "run",
        *reporters,
        *(path for path in inside if path != "."),
    ]
    status = Process("vitest", command, cwd=FRONTEND, env=_colours(), speaks=True).attend()
    if not results.exists():
        return Counter(failed=1)
    counted = json.loads(results.read_text())
    failed = counted["numFailedTests"] or counted["numFailedTestSuites"]
    return Counter(
        passed=counted["numPassedTests"],
        failed=failed or int(status != 0),
        skipped=counted["numPendingTests"],
    )


def _pytest(paths: Sequence[str], results: Path) -> Counter[str]:
    heading("\nPython and browser tests")
    # One file is quickest without workers: each of them would start a stack of its own.
    alone = bool(paths) and all("::" in path or path.endswith(".py") for path in paths)
    spread = [] if alone else ["-n", str(WORKERS), "--dist", "loadgroup"]
    return run_pytest([*spread, *paths], results)


def run_pytest(
    arguments: Sequence[str], results: Path, *, env: Mapping[str, str] | None = None
) -> Counter[str]:
    """Run pytest and count; a run that gave no results is a failure."""
    command = [str(PYTHON), "-m", "pytest", "-q", f"--junitxml={results}", *arguments]
    status = Process("pytest", command, cwd=ROOT, env=env, speaks=True).attend()
    if not results.exists():
        return Counter(failed=1)
    totals: Counter[str] = Counter()
    for suite in ET.parse(results).getroot().iter("testsuite"):  # noqa: S314 - pytest wrote it just now
        for name in ("tests", "failures", "errors", "skipped"):
            totals[name] += int(suite.get(name, 0))
    failed = totals["failures"] + totals["errors"]
    passed = totals["tests"] - failed - totals["skipped"]
    return Counter(passed=passed, failed=failed or int(status != 0), skipped=totals["skipped"])


def _colours() -> dict[str, str]:
    return dict(os.environ) if COLOURS else {**os.environ, "NO_COLOR": "1"}


def _tell_skipped(outcome: Counter[str]) -> None:
    if outcome["skipped"]:
        say(paint(f"\n{outcome['skipped']} skipped", "33"))


def _is_web(path: str) -> bool:
    return (ROOT / path).resolve().is_relative_to(FRONTEND)


def _touches(path: str, area: str) -> bool:
    """Whether the path lies in this folder of the tests or holds it."""
    folder, chosen = ROOT / "tests" / area, (ROOT / path.partition("::")[0]).resolve()
    return chosen.is_relative_to(folder) or folder.is_relative_to(chosen)


if __name__ == "__main__":
    sys.exit(main())
