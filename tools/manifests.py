"""Rendering what `k8s/` describes: every composition, as the cluster would get it. Standard library only."""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tools.console import FailedError, report, say

ROOT = Path(__file__).resolve().parents[1]
K8S = ROOT / "k8s"
IMAGES = ("common", "auth", "todo", "chat", "frontend")
KUBECTL_MINOR = 27  # its kustomize (5.0) knows all that is used here


def main() -> int:
    """`python3 -m tools.manifests DIRECTORY`: one file per composition."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.manifests", description=__doc__)
    parser.add_argument("directory", type=Path, help="where the files go")
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    try:
        for name in compositions():
            path = directory / f"{name.replace('/', '-')}.yaml"
            path.write_text(composition(name))
            say(str(path))
    except FailedError as failure:
        report(failure)
        return 1
    return 0


def compositions() -> list[str]:
    """Their names: the default, the overlays, and what k8s/tests puts together."""
    found = (
        path.parent for kind in ("overlays", "tests") for path in K8S.glob(f"{kind}/*/kustomization.yaml")
    )
    return ["default", *sorted(str(path.relative_to(K8S)) for path in found)]


def composition(name: str) -> str:
    """A composition as rendered; production, which wants digests, with made-up ones."""
    if name != "overlays/production":
        return render(K8S if name == "default" else K8S / name)
    with tree() as k8s:
        pin(k8s / name)
        return render(k8s / name)


@contextmanager
def tree() -> Iterator[Path]:
    """A copy of `k8s/` that may be changed."""
    with tempfile.TemporaryDirectory(prefix="todolist-k8s-") as directory:
        yield Path(shutil.copytree(K8S, Path(directory) / "k8s"))


def pin(overlay: Path) -> None:
    """Do what `kustomize edit set image …:tag@digest` does, for all five, with digests of nothing."""
    file = overlay / "kustomization.yaml"
    text = file.read_text()
    if re.search(r"^images:", text, flags=re.M):
        return
    lines = ["images:"]
    for name in IMAGES:
        digest = hashlib.sha256(name.encode()).hexdigest()
        lines += [f"  - name: todolist/{name}", f"    newName: registry.example.com:5000/todolist/{name}"]
        lines += ["    newTag: 0.1.0", f"    digest: sha256:{digest}"]
    file.write_text("\n".join([text.rstrip(), *lines, ""]))


def render(folder: Path) -> str:
    """What `kubectl apply -k` would apply. A warning is a failure: something is about to stop working."""
    done = subprocess.run([kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise FailedError(f"`kubectl kustomize {folder}` said:\n{done.stderr.strip()}", "Mend what it names.")
    return done.stdout


@cache
def kubectl() -> str:
    """The program, if it is there and new enough."""
    program = shutil.which("kubectl")
    if program is None:
        raise FailedError("kubectl is not installed.", _advice())
    said = subprocess.run(
        [program, "version", "--client"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"v1\.(\d+)\.", said)
    if found is None or int(found[1]) < KUBECTL_MINOR:
        raise FailedError(f"kubectl 1.{KUBECTL_MINOR} or newer is needed; {program} is not.", _advice())
    return program


def _advice() -> str:
    return (
        "Install it as https://kubernetes.io/docs/tasks/tools says"
        f" (brew install kubectl; Debian 12 has none newer than 1.{KUBECTL_MINOR - 1}), then start again."
    )


if __name__ == "__main__":
    sys.exit(main())
