"""`make k8s` with programs that only note how they were called; kustomize is the real one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.manifests import ROOT

KUBECTL = shutil.which("kubectl")
NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
# The arguments of `apply` are `--context <context> apply -k <directory>`.
FAKE_KUBECTL = (
    NOTE
    + f"""case "$*" in
  "version --client") echo "Client Version: v1.32.0" ;;
  "config current-context") [ -n "$CONTEXT" ] && echo "$CONTEXT" || exit 1 ;;
  *" apply -k "*) {KUBECTL} kustomize "$5" > "$APPLIED" ;;
  *"get nodes --output"*) echo 172.18.0.2 ;;
  *"rollout status"*"$STUCK"*) [ -z "$STUCK" ] || {{ echo "timed out" >&2; exit 1; }} ;;
  *"get pods"*) echo "chat-1 0/1 ImagePullBackOff" ;;
esac
"""
)
FAKE_MINIKUBE = NOTE + 'case "$*" in *--url*) echo http://192.168.49.2:30080 ;; esac\n'


class Machine:
    """A PATH with these programs and nothing of the kind beside them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir()
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "TAG"},
            "PATH": f"{self.bin}:{_tools_of(home)}",
            "CALLS": str(home / "calls"),
            "APPLIED": str(home / "applied.yaml"),
            "STUCK": "",
            "CONTEXT": "",
        }
        (home / "calls").touch()

    def program(self, name: str, text: str = NOTE) -> None:
        """Put a program on the PATH."""
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the tool."""
        words = [sys.executable, "-m", "tools.k8s", *arguments]
        known = {**self.environment, **environment}
        return subprocess.run(words, cwd=ROOT, env=known, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        """How the programs were called."""
        return (self.home / "calls").read_text().splitlines()


def _tools_of(home: Path) -> Path:
    """The few programs of the system that are needed, without its kubectl, kind or docker."""
    folder = home / "system"
    folder.mkdir()
    for name in ("sh", "basename", "git"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with kubectl."""
    made = Machine(tmp_path)
    made.program("kubectl", FAKE_KUBECTL)
    return made


def test_minikube(machine: Machine) -> None:
    machine.program("minikube", FAKE_MINIKUBE)
    before = _changes()
    done = machine.make("--tag", "0.1.0-5-gabc", CONTEXT="minikube")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "minikube --profile minikube image load todolist/frontend:0.1.0-5-gabc" in machine.calls
    assert done.stdout.rstrip().endswith("http://192.168.49.2:30080")
    applied = (machine.home / "applied.yaml").read_text()
    assert "image: todolist/chat:0.1.0-5-gabc" in applied
    assert "name: bootstrap-0.1.0-5-gabc" in applied
    assert "imagePullPolicy: Never" in applied
    waited = [call for call in machine.calls if "job/bootstrap-0.1.0-5-gabc" in call or "rollout" in call]
    assert len(waited) == 10
    assert _changes() == before


def test_kind(machine: Machine) -> None:
    machine.program("kind")
    machine.program("docker", NOTE + "echo 127.0.0.1:8080\n")
    done = machine.make("--tag", "t", CONTEXT="kind-todolist")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kind load docker-image --name todolist todolist/common:t" in machine.calls
    assert "docker port todolist-control-plane 30080/tcp" in machine.calls
    assert done.stdout.rstrip().endswith("http://localhost:8080")


def test_kind_without_a_published_port(machine: Machine) -> None:
    machine.program("kind")
    machine.program("docker", NOTE + "exit 1\n")
    done = machine.make("--tag", "t", CONTEXT="kind-kind")
    assert done.stdout.rstrip().endswith("http://172.18.0.2:30080")


def test_images_are_built_with_one_tag(machine: Machine) -> None:
    machine.program("minikube", FAKE_MINIKUBE)
    machine.program("docker")
    done = machine.make(CONTEXT="minikube")
    assert done.returncode == 0, done.stdout + done.stderr
    built = [call for call in machine.calls if call.startswith("docker compose build")]
    loaded = {call.rpartition(":")[2] for call in machine.calls if "image load" in call}
    assert len(built) == 1
    assert len(loaded) == 1


def test_no_cluster(machine: Machine) -> None:
    done = machine.make("--tag", "t")
    assert done.returncode == 1
    assert "points at no cluster" in done.stdout
    assert "minikube start" in done.stdout


def test_no_kubectl(machine: Machine) -> None:
    (machine.bin / "kubectl").unlink()
    done = machine.make("--tag", "t")
    assert done.returncode == 1
    assert "kubectl is not installed" in done.stdout


def test_somebody_elses_cluster_is_left_alone(machine: Machine) -> None:
    machine.program("minikube", NOTE + "exit 85\n")
    done = machine.make("--tag", "t", CONTEXT="production")
    assert done.returncode == 1
    assert "neither minikube nor kind" in done.stdout
    assert not any("apply" in call for call in machine.calls)


def test_what_hangs_is_shown(machine: Machine) -> None:
    machine.program("minikube", FAKE_MINIKUBE)
    done = machine.make("--tag", "t", CONTEXT="minikube", STUCK="deployment/chat ")
    assert done.returncode == 1
    assert "chat-1 0/1 ImagePullBackOff" in done.stdout
    assert "kubectl describe pod -n todolist" in done.stdout


def _changes() -> str:
    words = ["git", "status", "--porcelain", "k8s"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_tag_that_kubernetes_cannot_name_a_job_after_is_refused(machine: Machine) -> None:
    done = machine.make("--tag", "My_Tag")
    assert done.returncode == 1
    assert "for example as my-tag" in done.stdout
    assert not machine.calls
