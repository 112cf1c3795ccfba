"""Known vulnerabilities of what we ship: pip-audit and npm audit, with the exceptions of `.audit.toml`.

Both ask a database on the network. Where it cannot be asked, that is an answer of its own and no pass.
"""

import json
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tools.prepare import DEPLOY_VENV, FRONTEND, ROOT

EXCEPTIONS = ROOT / ".audit.toml"
SECONDS = 100
# What they say of a network that is shut, or of a registry that hands out packages and knows no advisories.
OUT_OF_REACH = re.compile(
    r"not found on PyPI|Max retries|ConnectionError|Connection refused|timed out|ENOTFOUND|ECONN|EAI_AGAIN"
    r"|ETIMEDOUT|audit endpoint returned an error|Method Not Allowed|status code: (?:403|405|5\d\d)"
)
PIN = re.compile(r"^[A-Za-z0-9._-]+==(?:.*\\\n)*.*\n", flags=re.M)


@dataclass(frozen=True)
class Outcome:
    """How a check went, what it printed, and what stands beside its name."""

    state: Literal["passed", "failed", "not asked"]
    said: str = ""
    note: str = ""


@dataclass(frozen=True)
class Advisory:
    """Something known about a package; by which ids, and in one line."""

    ids: frozenset[str]
    line: str


def pip_audit() -> Outcome:
    """The requirement files of the services, which are what the images hold."""
    files = sorted(ROOT.glob("services/*/requirements.txt"))
    with tempfile.TemporaryDirectory(prefix="todolist-audit-") as directory:
        # One package first: where that cannot be looked up, a hundred cannot.
        probe = Path(directory) / "requirements.txt"
        first = PIN.search(files[0].read_text())
        assert first, f"{files[0]} pins nothing"
        probe.write_text(first[0])
        answers = [_pip_audit(probe)]
        if isinstance(answers[0], dict) and not list(_skipped(answers[0])):
            answers.append(_pip_audit(*files))
    answer = answers[-1]
    if isinstance(answer, Outcome):
        return answer
    if skipped := list(_skipped(answer)):
        state: Literal["failed", "not asked"] = "not asked" if OUT_OF_REACH.search(skipped[0]) else "failed"
        return Outcome(state, "\n".join(skipped))
    return judge(list(read_pip(answer)), excepted("pip"), "pip")


def npm_audit(*, shipped: bool) -> Outcome:
    """What the browser gets; or all that lies in node_modules."""
    command = ["npm", "audit", "--json", "--package-lock-only", *(["--omit=dev"] if shipped else [])]
    found = _answer(command, FRONTEND)
    if isinstance(found, Outcome):
        return found
    tables = ["npm"] if shipped else ["npm", "npm-development"]
    known = {id_: reason for table in tables for id_, reason in excepted(table).items()}
    return judge(list(read_npm(found)), known, tables[-1])


def excepted(table: str) -> dict[str, str]:
    """The advisories that may pass, each with its reason."""
    found: dict[str, str] = tomllib.loads(EXCEPTIONS.read_text()).get(table, {})
    for name, reason in found.items():
        assert reason.strip(), f"{EXCEPTIONS.name}: {name} has no reason"
    return found


def judge(advisories: list[Advisory], known: dict[str, str], table: str) -> Outcome:
    """Fails for what has no exception, and for an exception that has nothing left to excuse."""
    open_ = sorted({found.line for found in advisories if not found.ids & known.keys()})
    spent = sorted(known.keys() - {name for found in advisories for name in found.ids})
    lines = [
        *open_,
        *(f"{EXCEPTIONS.name}: [{table}] {name} excuses nothing any more; take it out" for name in spent),
    ]
    if lines:
        return Outcome("failed", "\n".join(lines))
    return Outcome("passed", note=f"{len(known)} excused in {EXCEPTIONS.name}" if known else "")


def read_pip(answer: dict[str, Any]) -> Iterator[Advisory]:
    """What pip-audit has found."""
    for package in answer["dependencies"]:
        for found in package.get("vulns", []):
            mended = ", ".join(found["fix_versions"]) or "no release"
            line = f"{package['name']} {package['version']}: {found['id']}, mended in {mended}"
            yield Advisory(frozenset([found["id"], *found["aliases"]]), line)


def read_npm(answer: dict[str, Any]) -> Iterator[Advisory]:
    """What npm audit has found; a package that only depends on one of these is no finding of its own."""
    for package in answer["vulnerabilities"].values():
        for found in package["via"]:
            if isinstance(found, dict):
                name = found["url"].rpartition("/")[2]
                line = f"{found['name']} {found['range']}: {name}, {found['severity']}: {found['title']}"
                yield Advisory(frozenset([name]), line)


def _skipped(answer: dict[str, Any]) -> Iterator[str]:
    for package in answer["dependencies"]:
        if "skip_reason" in package:
            yield package["skip_reason"]


def _pip_audit(*files: Path) -> dict[str, Any] | Outcome:
    options = ["--progress-spinner=off", "--format=json", "--disable-pip", "--require-hashes", "--timeout=10"]
    named = [word for file in files for word in ("--requirement", str(file))]
    return _answer([str(DEPLOY_VENV / "bin" / "pip-audit"), *options, *named], ROOT)


def _answer(command: list[str], folder: Path) -> dict[str, Any] | Outcome:
    """The JSON that it prints, whatever its status; else whether it was out of reach or broken."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Outcome("not asked", f"no answer in {SECONDS} s")
    said = done.stderr + done.stdout
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        answer = {}
    if "dependencies" in answer or "vulnerabilities" in answer:
        return answer
    reach = OUT_OF_REACH.search(said)
    lines = [line for line in said.splitlines() if line.strip() and (not reach or OUT_OF_REACH.search(line))]
    return Outcome("not asked" if reach else "failed", "\n".join(lines[-5:]))
