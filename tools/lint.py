"""`make lint`: every static check, all of them even when one fails; runs inside the virtual environment."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.console import heading, paint, say
from tools.stack.service import NAMES, PYTHONPATH, ROOT

BIN = Path(sys.executable).parent
FRONTEND = ROOT / "frontend"
GENERATED = (
    "frontend/openapi/*.json",
    "frontend/src/api/*.gen.ts",
    "docs/configuration*.md",
    "k8s/components/observability/files/dashboard.json",
)
Outcome = tuple[bool, str]


def main() -> int:
    """Run all checks; show what those that fail have to say."""
    checks: dict[str, Callable[[], Outcome]] = {
        "ruff": partial(run, "ruff", "check", "."),
        "ruff format": partial(run, "ruff", "format", "--check", "."),
        "mypy": partial(run, "mypy", "services", "tests", "tools", "bench"),
        # By themselves, since their modules have the same names.
        **{f"mypy {name}/migrations": partial(run, "mypy", *_migrations(name)) for name in NAMES},
        "import-linter": partial(run, "lint-imports", "--no-cache"),
        "vue-tsc": partial(npm, "typecheck"),
        "eslint": partial(npm, "lint"),
        "generated files": generated_files,
    }
    heading("Lint")
    failed = 0
    for name, check in checks.items():
        passed, said = check()
        failed += not passed
        say(f"  {paint('✓', '32')} {name}" if passed else f"  {paint('✗', '31')} {name}\n{said}")
    say(f"\n{failed} of {len(checks)} checks failed" if failed else "\nNothing to complain about.")
    return 1 if failed else 0


def run(program: str, *arguments: str, folder: Path = ROOT) -> Outcome:
    """Run a program of the virtual environment, or else of the machine."""
    own = BIN / program
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    words = [str(own if own.exists() else program), *arguments]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def npm(script: str) -> Outcome:
    """Run a script of the front end."""
    return run("npm", "run", "--silent", script, folder=FRONTEND)


def generated_files() -> Outcome:
    """Make what is generated anew: whatever changes by that was stale."""
    before = _generated()
    for passed, said in (run("python", "-m", "tools.gen"), npm("gen")):
        if not passed:
            return False, said
    after = _generated()
    stale = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    names = "".join(f"  {path.relative_to(ROOT)}\n" for path in stale)
    return not stale, f"These were stale and have been made anew; look at them and commit them:\n{names}"


def _generated() -> dict[Path, bytes]:
    return {path: path.read_bytes() for pattern in GENERATED for path in ROOT.glob(pattern)}


def _migrations(name: str) -> list[str]:
    folder = ROOT / "services" / name / "migrations"
    return [str(path) for path in (folder / "env.py", *sorted((folder / "versions").glob("*.py")))]


if __name__ == "__main__":
    sys.exit(main())
