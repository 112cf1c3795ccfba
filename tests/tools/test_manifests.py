"""What a person is told who has no kubectl, or too old a one."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import manifests
from tools.console import FailedError


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """The program is looked for once a run; here each time."""
    manifests.kubectl.cache_clear()
    yield
    manifests.kubectl.cache_clear()


def test_no_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(FailedError, match="not installed") as caught:
        manifests.kubectl()
    assert "kubernetes.io/docs/tasks/tools" in caught.value.advice


def test_debians_kubectl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho 'Client Version: v1.20.2'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(FailedError, match=r"1\.27 or newer"):
        manifests.kubectl()


def test_a_warning_is_a_failure(tmp_path: Path) -> None:
    """commonLabels still works, and will not for ever."""
    (tmp_path / "kustomization.yaml").write_text("commonLabels: {a: b}\n")
    with pytest.raises(FailedError):
        manifests.render(tmp_path)
    said = subprocess.run(["kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=False)
    assert "deprecated" in said.stderr
