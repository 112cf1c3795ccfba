"""What `make backup` and `make restore` look at before they touch anything."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from tools import backup
from tools.console import FailedError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backup with its checksum."""
    made = tmp_path / "1.sql.gz"
    made.write_bytes(gzip.compress(b"-- Dump completed\n"))
    made.with_name("1.sql.gz.sha256").write_text(f"{backup.digest(made)}  1.sql.gz\n")
    return made


def test_a_whole_one_is_taken(file: Path) -> None:
    backup.check(file)


@pytest.mark.parametrize("said", [b"", b"0" * 64, b"\xff\n"])
def test_a_checksum_that_says_something_else_or_nothing_is_told(file: Path, said: bytes) -> None:
    file.with_name("1.sql.gz.sha256").write_bytes(said)
    with pytest.raises(FailedError, match="is not what its checksum says"):
        backup.check(file)


def test_a_password_with_a_dollar_sign_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker compose config` doubles it."""
    ran: list[dict[str, str]] = []
    service: dict[str, Any] = {"environment": {"TODOLIST_MIGRATION_URL": "mysql://a:b$$c@mysql/todo"}}
    monkeypatch.setattr(backup, "settings", lambda: {"services": {"todo-migrate": service}})
    monkeypatch.setattr(backup, "compose", lambda *_, **env: ran.append(env))
    backup.bring_forward("todo")
    assert ran[0]["TODOLIST_MIGRATION_URL"] == "mysql://a:b$c@mysql/todo"
