"""`make test-compose`: the whole system as containers, from nothing, tested by its front end, and taken down.

First a project of its own and the tests marked `system` against it; then tests/compose, which kill, replace
and restore, on projects that they start themselves. KEEP=1 leaves the first one running. Standard library
only.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools import images
from tools.console import FailedError, end_as_by_ctrl_c, heading, report, say, step
from tools.prepare import ROOT, prepare
from tools.stack import StartError, free_port
from tools.test import run_pytest

HEALTHY_SECONDS = 300  # an empty MySQL volume on a busy machine
DISTURBING = ROOT / "tests" / "compose"
WORKERS = 2


def main() -> int:
    """`python3 -m tools.compose [path …]`: all, or the tests under these paths."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.compose", description=__doc__)
    parser.add_argument(
        "paths", nargs="*", help="files, folders or pytest's test ids; all when none is given"
    )
    paths = parser.parse_args().paths
    os.chdir(ROOT)
    end_as_by_ctrl_c()
    try:
        outcome = test(paths)
    except KeyboardInterrupt:
        return 130
    except (FailedError, StartError) as failure:
        report(FailedError(str(failure), getattr(failure, "advice", "Look at the log it names.")))
        return 1
    say(f"\n{outcome['passed']} passed, {outcome['failed']} failed")
    return 1 if outcome["failed"] or not outcome["passed"] else 0


def test(paths: Sequence[str]) -> Counter[str]:
    """Build, start, test, take down; count."""
    prepare("python", "browser")
    tag = os.environ.get("TAG") or images.tag_of_git()
    images.build(tag)
    disturbing = [path for path in paths if _is_disturbing(path)]
    others = [path for path in paths if path not in disturbing]
    outcome: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="todolist-results-") as directory:
        if others or not paths:
            with running(tag) as (url, names):
                heading("\nTests of a running system")
                spread = ["-n", str(WORKERS), "--dist", "loadgroup"]
                chosen = [f"--system={url}", "--ignore=tests/compose", *spread, *(others or ["tests"])]
                outcome += run_pytest(chosen, Path(directory) / "system.xml")
                if outcome["failed"]:
                    show(names)
        if disturbing or not paths:
            heading("\nTests that disturb")
            told = {**os.environ, "TODOLIST_TEST_TAG": tag}
            chosen = disturbing or [str(DISTURBING)]
            outcome += run_pytest(chosen, Path(directory) / "compose.xml", env=told)
    return outcome


@contextlib.contextmanager
def running(tag: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A compose project of our own, healthy: its address, and the names it goes by."""
    port = free_port()
    names = {"COMPOSE_PROJECT_NAME": f"todolist-test-{os.getpid()}", "PORT": str(port), "TAG": tag}
    url = f"http://127.0.0.1:{port}"
    heading(f"\nThe system on {url}")
    try:
        with step("From nothing to healthy"):
            compose(
                names,
                "up",
                "--detach",
                "--no-build",
                "--quiet-pull",
                "--wait",
                f"--wait-timeout={HEALTHY_SECONDS}",
            )
        yield url, names
    except FailedError:
        show(names)
        raise
    finally:
        if os.environ.get("KEEP"):
            say(
                f"\nKept: {url}\nTake it down by `docker compose -p {names['COMPOSE_PROJECT_NAME']} down -v`."
            )
        else:
            with step("Taking it down"):
                compose(names, "down", "--volumes", "--remove-orphans", "--timeout=2", check=False)


def show(names: dict[str, str]) -> None:
    """How the containers are, and what they said last."""
    say(compose(names, "ps", "--all", check=False) + compose(names, "logs", "--tail=20", check=False))


def compose(names: dict[str, str], *arguments: str, check: bool = True) -> str:
    """`docker compose …` in a project; what it printed."""
    try:
        done = subprocess.run(
            ["docker", "compose", *arguments],
            cwd=ROOT,
            env={**os.environ, **names},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=HEALTHY_SECONDS + 60,
        )
    except subprocess.TimeoutExpired as late:
        what = f"`docker compose {arguments[0]}` had not ended after {late.timeout:.0f} s"
        if check:
            raise FailedError(f"{what}.", "Does `docker ps` answer? Is the machine very busy?") from None
        return f"{what}.\n"  # what went wrong before is what counts
    if check and done.returncode != 0:
        said = "\n".join(done.stdout.splitlines()[-15:])
        raise FailedError(f"`docker compose {arguments[0]}` failed:\n{said}", "Look at the logs above.")
    return done.stdout


def _is_disturbing(path: str) -> bool:
    return (ROOT / path.partition("::")[0]).resolve().is_relative_to(DISTURBING)


if __name__ == "__main__":
    sys.exit(main())
