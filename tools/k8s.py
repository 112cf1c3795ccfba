"""`make k8s`: the whole system on the minikube or kind cluster that kubectl points at, from this work tree.

Builds the images, loads them into the cluster, applies k8s/overlays/local with their tag, waits until it
runs and prints the address. Nothing in the work tree is changed. Standard library only.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import images
from tools.console import FailedError, heading, paint, report, say, step
from tools.manifests import IMAGES, K8S, kubectl

NAMESPACE = "todolist"
NODE_PORT = 30080  # k8s/overlays/local/frontend-service.yaml
WAIT = "300s"  # for each workload; the first time, images of MySQL and Redis are pulled
SERVICES = ("auth", "todo", "chat")
WORKLOADS = (
    "statefulset/mysql",
    "statefulset/redis",
    *(f"deployment/{name}" for name in SERVICES),
    *(f"deployment/{name}-worker" for name in SERVICES),
    "deployment/frontend",
)
START = "Start one: `minikube start`, or `kind create cluster --config k8s/overlays/local/kind.yaml`."


@dataclass(frozen=True)
class Cluster:
    """Where kubectl points, and whose cluster it is."""

    context: str
    kind: str | None  # the name of a kind cluster; none: minikube

    def load(self, image: str) -> None:
        """Copy an image from here into the cluster."""
        if self.kind is not None:
            run(["kind", "load", "docker-image", "--name", self.kind, image])
        else:
            run(["minikube", "--profile", self.context, "image", "load", image])

    def kubectl(self, *words: str | Path) -> str:
        """kubectl on this cluster, wherever it may point by then."""
        return run([kubectl(), "--context", self.context, *map(str, words)])

    def address(self) -> str:
        """Where the front end answers, or how to get there."""
        if self.kind is not None:
            return self._published() or f"http://{self._node()}:{NODE_PORT}"
        words = ["minikube", "--profile", self.context, "service", "frontend-service", "-n", NAMESPACE]
        try:
            return run([*words, "--url"], seconds=15).split()[0]
        except (subprocess.TimeoutExpired, IndexError):
            return f"what `{' '.join(words)}` opens"  # it keeps a tunnel open, where the driver needs one

    def _published(self) -> str | None:
        words = ["docker", "port", f"{self.kind}-control-plane", f"{NODE_PORT}/tcp"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        found = re.search(r":(\d+)$", done.stdout.strip().partition("\n")[0])
        return f"http://localhost:{found[1]}" if found else None

    def _node(self) -> str:
        path = "{.items[0].status.addresses[?(@.type=='InternalIP')].address}"
        return self.kubectl("get", "nodes", "--output", f"jsonpath={path}").strip()


def main() -> int:
    """`python3 -m tools.k8s [--tag TAG]`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.k8s", description=__doc__)
    parser.add_argument("--tag", default=os.environ.get("TAG"), help="of images that are there; builds none")
    tag: str | None = parser.parse_args().tag
    try:
        deploy(tag)
    except FailedError as failure:
        report(failure)
        return 1
    return 0


def deploy(tag: str | None) -> None:
    """All of it, in order."""
    if tag is not None and tag != lettered(tag):
        advice = f"A Job is named after it. Tag the images again, for example as {lettered(tag)}."
        raise FailedError(f"A name in Kubernetes may not have all letters of the tag {tag}.", advice)
    cluster = find()
    heading(f"Todolist on {'kind' if cluster.kind else 'minikube'} ({cluster.context})")
    if tag is None:
        tag = new_tag()
        images.build(tag)
    for name in IMAGES:
        with step(f"Loading todolist/{name}:{tag}"):
            cluster.load(f"todolist/{name}:{tag}")
    with step("Applying k8s/overlays/local"):
        apply(cluster, tag)
    wait(cluster, tag)
    say(f"\n{paint('It runs:', '1;32')} {cluster.address()}")


def find() -> Cluster:
    """The cluster that kubectl points at. One that is neither minikube nor kind is nobody's to play with."""
    program = kubectl()
    done = subprocess.run([program, "config", "current-context"], capture_output=True, text=True, check=False)
    context = done.stdout.strip()
    if done.returncode or not context:
        raise FailedError("kubectl points at no cluster.", START)
    kind = context.removeprefix("kind-") if context.startswith("kind-") and shutil.which("kind") else None
    if kind is None and not (shutil.which("minikube") and _is_minikube(context)):
        raise FailedError(
            f"kubectl points at `{context}`, which is neither minikube nor kind (or its program is missing).",
            f"{START} For other clusters see docs/kubernetes.md.",
        )
    cluster = Cluster(context, kind)
    try:
        cluster.kubectl("get", "nodes")
    except FailedError as failure:
        raise FailedError(f"The cluster `{context}` does not answer.\n{failure.what}", START) from None
    return cluster


def _is_minikube(context: str) -> bool:
    words = ["minikube", "--profile", context, "status"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def new_tag() -> str:
    """From git, in letters that a name in Kubernetes may have.

    Files that are not committed make a new one each time: of a tag that it has, a cluster takes what it has.
    """
    tag = lettered(images.tag_of_git())
    return f"{tag}-{int(time.time())}" if tag.endswith("-dirty") else tag


def lettered(tag: str) -> str:
    """A tag in letters that a name in Kubernetes may have."""
    return re.sub(r"[^a-z0-9.-]", "-", tag.lower())


def apply(cluster: Cluster, tag: str) -> None:
    """The local overlay with this tag, by a kustomization beside the work tree."""
    with tempfile.TemporaryDirectory(prefix="todolist-k8s-") as directory:
        home = Path(directory).resolve()
        lines = [
            "apiVersion: kustomize.config.k8s.io/v1beta1",
            "kind: Kustomization",
            "resources:",
            f"  - {os.path.relpath(K8S / 'overlays/local', home)}",
            "transformers:",
            f"  - {os.path.relpath(K8S / 'release', home)}",
            "images:",
            *(f"  - {{name: todolist/{name}, newTag: '{tag}'}}" for name in IMAGES),
        ]
        (home / "kustomization.yaml").write_text("\n".join(lines) + "\n")
        cluster.kubectl("apply", "-k", home)


def wait(cluster: Cluster, tag: str) -> None:
    """Until secrets and databases are made, and then each workload runs what was applied."""
    inside = ("--namespace", NAMESPACE)
    try:
        with step("Secrets and databases"):
            job = f"job/bootstrap-{tag}"
            cluster.kubectl("wait", *inside, "--for=condition=complete", job, f"--timeout={WAIT}")
        for workload in WORKLOADS:
            with step(workload):
                cluster.kubectl("rollout", "status", *inside, workload, f"--timeout={WAIT}")
    except FailedError as failure:
        pods = cluster.kubectl("get", "pods", *inside)
        advice = (
            f"kubectl describe pod -n {NAMESPACE} NAME, kubectl logs -n {NAMESPACE} NAME --all-containers"
        )
        raise FailedError(f"{failure.what}\n\n{pods}", advice) from None


def run(words: Sequence[str], *, seconds: float | None = None) -> str:
    """A program's output; what it complained about if it failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds)
    except FileNotFoundError:
        raise FailedError(f"{words[0]} is not installed.", START) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise FailedError(f"`{' '.join([Path(words[0]).name, *words[1:]])}` said:\n{said}", "See above.")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
