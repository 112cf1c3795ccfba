"""What `make backup` and `make restore` look at before they touch anything."""

import gzip
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import backup
from tools.console import FailedError

SCRIPTS = backup.ROOT / "k8s/components/backup/scripts"


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


@pytest.mark.parametrize(
    ("revisions", "populated"),
    [(("0003", "0007", "0005"), True), (("0003", "0007"), False), ((), False)],
    ids=["all three", "not chat", "none"],
)
def test_a_dump_of_databases_without_a_schema_is_no_backup(
    tmp_path: Path, revisions: tuple[str, ...], populated: bool
) -> None:
    """Of a server whose volume is new: it would be the newest, and the oldest good one would go for it."""
    said = "INSERT INTO `messages` VALUES ('\\nINSERT INTO `alembic_version` VALUES (1)');\n"  # by somebody
    rows = "".join(f"INSERT INTO `alembic_version` VALUES ('{revision}');\n" for revision in revisions)
    dump = tmp_path / "dump.sql.gz"
    dump.write_bytes(gzip.compress((rows + said).encode()))
    script = 'set -euo pipefail; source "$1"; populated "$2"'
    command = ["bash", "-c", script, "bash", str(SCRIPTS / "mysql.sh"), str(dump)]
    assert (subprocess.run(command, check=False).returncode == 0) == populated


def test_a_password_with_a_dollar_sign_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """`docker compose config` doubles it."""
    ran: list[dict[str, str]] = []
    service: dict[str, Any] = {"environment": {"TODOLIST_MIGRATION_URL": "mysql://a:b$$c@mysql/todo"}}
    monkeypatch.setattr(backup, "settings", lambda: {"services": {"todo-migrate": service}})
    monkeypatch.setattr(backup, "compose", lambda *_, **env: ran.append(env))
    backup.bring_forward("todo")
    assert ran[0]["TODOLIST_MIGRATION_URL"] == "mysql://a:b$c@mysql/todo"
