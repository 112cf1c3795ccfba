"""The tag of images says from what they were built."""

import subprocess
from pathlib import Path

import pytest

from tools import images


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one release."""
    monkeypatch.setattr(images, "ROOT", tmp_path)
    (tmp_path / "code").write_text("1")
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    for words in (("init", "-q"), ("add", "code"), (*who, "commit", "-qm", "One."), ("tag", "v0.1.0")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.usefixtures("clone")
def test_a_release_is_its_number() -> None:
    assert images.tag_of_git() == "0.1.0"


def test_a_changed_file_is_told(clone: Path) -> None:
    (clone / "code").write_text("2")
    assert images.tag_of_git() == "0.1.0-dirty"


def test_a_file_that_git_does_not_know_is_told(clone: Path) -> None:
    """It is copied into an image as all others are."""
    (clone / "more").write_text("2")
    assert images.tag_of_git() == "0.1.0-dirty"


def test_without_git_there_is_a_tag_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "ROOT", tmp_path)
    assert images.tag_of_git() == "dev"
