"""`make check-deploy`: whether what describes the deployment is sound, without deploying it. All checks run,
also when one fails. The exceptions stand, with their reasons, in .checkov.yaml .hadolint.yaml .yamllint.yaml
.audit.toml. Standard library only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools import manifests
from tools.audit import Outcome, npm_audit, pip_audit
from tools.console import FailedError, end_as_by_ctrl_c, heading, paint, report, say, step
from tools.prepare import DEPLOY_VENV, PYTHON, ROOT, prepare

BIN = DEPLOY_VENV / "bin"
# The oldest Kubernetes that has all we use (sleep before a pod ends), one between, and the newest.
KUBERNETES = ("1.30", "1.34", "1.37")
# Kinds that come with a component: Kubernetes has no schema of them, only a cluster can check their fields.
CUSTOM = {
    ("Gateway", "gateway.networking.k8s.io/v1"),
    ("HTTPRoute", "gateway.networking.k8s.io/v1"),
    ("Certificate", "cert-manager.io/v1"),
    ("Issuer", "cert-manager.io/v1"),
    ("CiliumNetworkPolicy", "cilium.io/v2"),
    ("VerticalPodAutoscaler", "autoscaling.k8s.io/v1"),
    ("ServiceMonitor", "monitoring.coreos.com/v1"),
    ("PrometheusRule", "monitoring.coreos.com/v1"),
}
NO_SCHEMA = re.compile(r"Couldn't find schema for kind (\S+) with api version (\S+)")
SECONDS = 600
MARKS = {"passed": paint("✓", "32"), "failed": paint("✗", "31"), "not asked": paint("?", "33")}


def main() -> int:
    """`python3 -m tools.check_deploy [--strict]`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.check_deploy", description=__doc__)
    parser.add_argument(
        "--strict", action="store_true", help="fail too when a database of advisories was not asked"
    )
    strict: bool = parser.parse_args().strict
    os.chdir(ROOT)
    end_as_by_ctrl_c()
    try:
        prepare("python", "deploy")
        with tempfile.TemporaryDirectory(prefix="todolist-render-") as directory:
            heading("Checking the deployment")
            with step("Rendering every composition"):
                renders = render(Path(directory))
            return run_all(checks(renders), strict=strict)
    except KeyboardInterrupt:
        return 130
    except FailedError as failure:
        report(failure)
        return 1


def checks(renders: list[Path]) -> dict[str, Callable[[], Outcome]]:
    """The checks by name, those that take longest first."""
    dockerfiles = sorted([*ROOT.glob("services/*/Dockerfile"), ROOT / "frontend/Dockerfile"])
    different = differences(renders)
    scanned = [word for path in [*renders, *dockerfiles] for word in ("--file", path)]
    frameworks = ("--framework", "kubernetes", "dockerfile")
    return {
        "checkov": partial(run, BIN / "checkov", "--config-file", ".checkov.yaml", *frameworks, *scanned),
        "tests/manifests": partial(run, PYTHON, "-m", "pytest", "-q", "tests/manifests"),
        **{
            f"kubernetes-validate {version}": partial(kubernetes_validate, version, different)
            for version in KUBERNETES
        },
        "docker compose config": compose_config,
        "hadolint": partial(run, BIN / "hadolint", "--config", ".hadolint.yaml", *dockerfiles),
        "yamllint": partial(run, BIN / "yamllint", "--strict", "."),
        "pip-audit": pip_audit,
        "npm audit, shipped": partial(npm_audit, shipped=True),
        "npm audit, development": partial(npm_audit, shipped=False),
    }


def run_all(all_checks: dict[str, Callable[[], Outcome]], *, strict: bool) -> int:
    """Run them, two at a time; a line for each, and what those that did not pass have to say."""
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        begun = {name: pool.submit(_timed, check) for name, check in all_checks.items()}
        for name, future in begun.items():
            outcome, seconds = future.result()
            outcomes[name] = outcome
            took = "could not be asked" if outcome.state == "not asked" else f"{seconds:.1f} s"
            note = ", ".join(filter(None, [took, outcome.note]))
            say(f"  {MARKS[outcome.state]} {name} {paint(note, '2')}")
            if outcome.said and outcome.state != "passed":
                say("\n".join(f"      {line}" for line in outcome.said.strip().splitlines()))
    failed = [name for name, outcome in outcomes.items() if outcome.state == "failed"]
    unasked = [name for name, outcome in outcomes.items() if outcome.state == "not asked"]
    passed = len(outcomes) - len(failed) - len(unasked)
    say(f"\n{passed} of {len(outcomes)} checks passed.")
    if unasked:
        say(paint(f"Could not be asked from this network, so nothing is known: {', '.join(unasked)}.", "33"))
    if failed:
        say(paint(f"Failed: {', '.join(failed)}.", "31"))
    return 1 if failed or (strict and unasked) else 0


def render(directory: Path) -> list[Path]:
    """A file per composition, and those that are applied by hand to restore a backup."""
    texts = {name.replace("/", "-"): manifests.composition(name) for name in manifests.compositions()}
    texts["restore"] = manifests.render(manifests.K8S / "restore")
    texts["restore-shell"] = manifests.render(manifests.K8S / "restore/shell")
    paths = [directory / f"{name}.yaml" for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        path.write_text(text)
    return paths


def differences(renders: list[Path]) -> list[Path]:
    """Of each render what none before it had: compositions have most objects in common."""
    known: set[str] = set()
    paths = []
    for path in renders:
        new = [text for text in path.read_text().split("\n---\n") if text.strip("\n") not in known]
        known |= {text.strip("\n") for text in new}
        if new:
            paths.append(path.with_name(f"new-{path.name}"))
            paths[-1].write_text("\n---\n".join(new))
    return paths


def kubernetes_validate(version: str, files: list[Path]) -> Outcome:
    """Against the schemas of a version of Kubernetes; what it only warns of is a failure too."""
    done = run(BIN / "kubernetes-validate", "--kubernetes-version", version, "--strict", *files)
    return judge_validation(done)


def judge_validation(done: Outcome) -> Outcome:
    """A kind it has no schema of may be misspelt, or removed: only those listed above are left out."""
    lines = [line for line in done.said.splitlines() if line.strip() and not line.startswith("INFO")]
    left = [line for line in lines if not (match := NO_SCHEMA.search(line)) or match.groups() not in CUSTOM]
    if left or done.state == "failed":
        return Outcome("failed", "\n".join(left) or done.said)
    return Outcome("passed")


def compose_config() -> Outcome:
    """Whether docker compose understands the file, with every profile, alone and as `make watch` uses it. No
    engine is needed for it."""
    docker = shutil.which("docker")
    if docker is None or run(docker, "compose", "version").state != "passed":
        return Outcome(
            "failed",
            "docker compose is not installed. Its program is enough, without an engine:\n"
            "docker-compose-plugin (Docker), docker-compose (Debian 13, brew), docker-compose-v2 (Ubuntu).",
        )
    plain = ("--file", "docker-compose.yml")
    for files in (plain, (*plain, "--file", "compose.watch.yml")):
        outcome = run(docker, "compose", *files, "--profile", "*", "config", "--quiet")
        if outcome.state != "passed":
            break
    return outcome


def run(program: str | Path, *arguments: str | Path) -> Outcome:
    """Run a program: its status decides, and what it said is kept."""
    words = [str(word) for word in (program, *arguments)]
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env={**os.environ, "NO_COLOR": "1"},
        )
    except FileNotFoundError:
        return Outcome("failed", f"{Path(words[0]).name} is not installed.")
    except subprocess.TimeoutExpired:
        return Outcome("failed", f"It had not ended after {SECONDS} s.")
    return Outcome("failed" if done.returncode else "passed", done.stdout + done.stderr)


def _timed(check: Callable[[], Outcome]) -> tuple[Outcome, float]:
    begun = time.monotonic()
    outcome = check()
    return outcome, time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
