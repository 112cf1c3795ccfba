"""The hashed requirement files: one for development, one per service, one for building images and one for
checking what is deployed, made from the pyproject.toml files.

Services are locked to the versions development uses, so what is tested is what is shipped. No file names an
index: where packages come from is the business of whoever installs them, what they are is not.
"""

import argparse
import difflib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEVELOPMENT = "requirements-dev.txt"
BUILD = "requirements-build.txt"  # what makes our own packages, in an image's builder
DEPLOY = "requirements-deploy.txt"  # what `make check-deploy` checks with
DISTRIBUTIONS = ("common", "auth", "todo", "chat")
OPTIONS = ["--quiet", "--universal", "--generate-hashes", "--python-version", "3.11", "--no-header"]


def lock(home: Path, *, upgrade: bool) -> list[str]:
    """Write the lock files under `home` and return their names; versions stay unless to be upgraded."""
    projects = {name: f"services/{name}/pyproject.toml" for name in DISTRIBUTIONS}
    change = ["--upgrade"] if upgrade else []
    _compile([*projects.values(), "--group", "dev", *change], home / DEVELOPMENT)
    _compile(["--group", "build", *change], home / BUILD)
    _compile(["--group", "deploy", *change], home / DEPLOY)
    names = [DEVELOPMENT, BUILD, DEPLOY]
    for name, project in projects.items():
        names.append(f"services/{name}/requirements.txt")
        _compile([project, "--constraints", str(home / DEVELOPMENT)], home / names[-1])
    return names


def stale() -> list[str]:
    """How the lock files differ from what the pyproject.toml files ask for, as a diff."""
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        services = (f"services/{service}/requirements.txt" for service in DISTRIBUTIONS)
        for name in [DEVELOPMENT, BUILD, DEPLOY, *services]:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, home / name)
        for name in lock(home, upgrade=False):
            held = (ROOT / name).read_text().splitlines() if (ROOT / name).exists() else []
            lines += difflib.unified_diff(
                held, (home / name).read_text().splitlines(), name, "as it should be", "", "", 1
            )
    return lines


def _compile(inputs: list[str], output: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", *OPTIONS, "--no-annotate", "--no-emit-package", "todolist-common"]
    subprocess.run(
        [*command, *inputs, "--output-file", str(output)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
    if any(line.startswith("-") or "://" in line for line in output.read_text().splitlines()):
        raise SystemExit(f"{output.name} names an index or an address")


def main() -> int:
    """`make lock` and `make lock-check`."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.lock", description="Make the hashed requirement files."
    )
    parser.add_argument("--check", action="store_true", help="only say whether they are up to date")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    if not options.check:
        lock(ROOT, upgrade=options.upgrade)
        return 0
    lines = stale()
    if lines:
        print(
            "\n".join(lines[:60]),
            "\n\nThe lock files are stale: run `make lock` and commit the result.",
            sep="",
        )
    else:
        print("The lock files are up to date.")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
