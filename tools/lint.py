"""`make lint`: every static check, all of them even when one fails; runs inside the virtual environment."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.console import heading, paint, say
from tools.stack.service import NAMES, PYTHONPATH, ROOT

BIN = Path(sys.executable).parent
FRONTEND = ROOT / "frontend"
Check = tuple[str, Sequence[str | Path], Path]


def checks() -> list[Check]:
    """Name, command and folder of each check."""
    mypy = BIN / "mypy"
    return [
        ("ruff", [BIN / "ruff", "check", "."], ROOT),
        ("ruff format", [BIN / "ruff", "format", "--check", "."], ROOT),
        ("mypy", [mypy, "services", "tests", "tools"], ROOT),
        # By themselves, since their modules have the same names.
        *((f"mypy {name}/migrations", [mypy, *_migrations(name)], ROOT) for name in NAMES),
        ("import-linter", [BIN / "lint-imports", "--no-cache"], ROOT),
        ("vue-tsc", ["npm", "run", "--silent", "typecheck"], FRONTEND),
        ("eslint", ["npm", "run", "--silent", "lint"], FRONTEND),
        ("generated files", [sys.executable, "-m", "tools.gen", "--check"], ROOT),
    ]


def main() -> int:
    """Run them all; the output of those that fail."""
    heading("Lint")
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    failed = 0
    for name, command, folder in checks():
        words = [str(word) for word in command]
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            say(f"  {paint('✓', '32')} {name}")
            continue
        failed += 1
        say(f"  {paint('✗', '31')} {name}\n{done.stdout}{done.stderr}")
    say(f"\n{failed} of {len(checks())} checks failed" if failed else "\nNothing to complain about.")
    return 1 if failed else 0


def _migrations(name: str) -> list[Path]:
    folder = ROOT / "services" / name / "migrations"
    return [folder / "env.py", *sorted((folder / "versions").glob("*.py"))]


if __name__ == "__main__":
    sys.exit(main())
