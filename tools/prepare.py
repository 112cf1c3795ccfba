"""What must be there before anything runs: programs and packages. Standard library only."""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tools import packages
from tools.console import FailedError, report, step

ROOT = Path(__file__).resolve().parents[1]
STATE = Path(os.environ.get("TODOLIST_STATE", ROOT / ".stack"))  # another lets a second one run beside it
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
LOCK = ROOT / "requirements-dev.txt"
DEPLOY_VENV = ROOT / ".venv-deploy"
DEPLOY_LOCK = ROOT / "requirements-deploy.txt"


def prepare(*needs: str) -> None:
    """Make sure of each of these, in their order. What is there already costs nothing."""
    makers: dict[str, Callable[[], None]] = {
        "python": python,
        "deploy": deploy,
        "node": node,
        "servers": packages.servers,
        "bench": packages.bench,
        "browser": packages.browser,
        "promtool": partial(packages.promtool, STATE),
    }
    for need in needs:
        makers[need]()


def python() -> None:
    """The virtual environment, with exactly what the lock file names."""
    environment("Python packages", VENV, LOCK)


def deploy() -> None:
    """The virtual environment of `make check-deploy`; it is filled by the uv of the other."""
    python()
    environment("Checkers", DEPLOY_VENV, DEPLOY_LOCK)


def environment(what: str, home: Path, lock: Path) -> None:
    """A virtual environment with exactly what a lock file names; `what` says so while one waits."""
    stamp, state = home / "installed", digest(lock, also=sys.version)
    if holds(stamp, state):
        return
    with step(what):
        if not (home / "bin" / "python").exists():
            _make_environment(home)
        stamp.unlink(missing_ok=True)
        _install(home / "bin" / "python", lock)
        stamp.write_text(state)


def node() -> None:
    """The front end's packages, exactly as its lock file names them."""
    version = _node_version()
    if version is None or version < 20 or shutil.which("npm") is None:
        found = "is not installed" if version is None else f"is version {version}"
        raise FailedError(
            f"Node.js 20 or newer with npm is needed; it {found}.",
            f"{packages.command('nodejs', 'npm')}, or take it from nodejs.org where that is older than 20.",
        )
    stamp, state = (
        FRONTEND / "node_modules" / "installed",
        digest(FRONTEND / "package-lock.json", also=str(version)),
    )
    if holds(stamp, state):
        return
    with step("Front-end packages"):
        run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=FRONTEND,
            advice="Is the package registry reachable?",
        )
        stamp.write_text(state)


def run(
    command: Sequence[str | Path],
    *,
    advice: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program quietly; when it fails, say so with the end of what it said."""
    name = Path(command[0]).name
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode == 0:
        return
    STATE.mkdir(parents=True, exist_ok=True)
    log = STATE / f"{name}.log"
    log.write_bytes(done.stdout)
    said = "\n".join(f"  {line}" for line in done.stdout.decode(errors="replace").splitlines()[-15:])
    raise FailedError(
        f"`{' '.join([name, *words[1:]])}` ended with status {done.returncode}:\n{said}",
        f"{advice} All it said is in {log}.",
    )


def _make_environment(home: Path) -> None:
    try:
        run([sys.executable, "-m", "venv", home], advice="")
    except FailedError as failure:
        shutil.rmtree(home, ignore_errors=True)
        if "ensurepip" not in failure.what:
            raise
        # Debian keeps the module in a package of its own.
        packages.install("python3-venv")
        run([sys.executable, "-m", "venv", home], advice="Look at what it said.")


def _install(python: Path, lock: Path) -> None:
    """With uv, in seconds; with pip, in a minute, where only pip has been told how to reach an index."""
    advice = "Is the package index reachable?"
    # Used over and over; the checkers are large, and are used now and then.
    compiled = [] if lock == DEPLOY_LOCK else ["--compile-bytecode"]
    options = ["--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    uv = VENV / "bin" / "uv"
    if lock == LOCK:
        only_uv = VENV / "uv.txt"
        only_uv.write_text("".join(re.findall(r"^uv==(?:.*\\\n)*.*\n", LOCK.read_text(), flags=re.M)))
        run([python, "-m", "pip", *options, "-r", only_uv], advice=advice)
    try:
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
        run([*command, *compiled, "--require-hashes", "-r", lock], advice=advice)
    except FailedError:
        run([python, "-m", "pip", *options, "-r", lock], advice=advice)


def _node_version() -> int | None:
    program = shutil.which("node")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else None


def digest(*paths: Path, also: str = "") -> str:
    """One value for these files' contents and this folder: what a stamp file holds once a step is done."""
    state = hashlib.sha256(f"{ROOT}\0{also}".encode())
    for path in paths:
        if not path.exists():
            raise FailedError(f"{path.relative_to(ROOT)} is missing.", "Restore it from git.")
        state.update(path.read_bytes())
    return state.hexdigest()


def holds(stamp: Path, state: str) -> bool:
    """Whether the step was done for this state."""
    return stamp.exists() and stamp.read_text() == state


def main() -> int:
    """`python3 -m tools.prepare python node`: what the other make targets begin with."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.prepare", description=__doc__)
    parser.add_argument(
        "needs", nargs="+", choices=["python", "deploy", "node", "servers", "bench", "browser", "promtool"]
    )
    os.chdir(ROOT)
    try:
        prepare(*parser.parse_args().needs)
    except FailedError as failure:
        report(failure)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
