"""`python -m common.migrate`: beside a database server and a bootstrap that are not done yet."""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command as alembic_command
from alembic.config import Config

from common.bootstrap import bootstrap, new_secrets
from common.migrate import MigrationBusyError, main
from tools.stack import MySQL
from tools.stack.service import PYTHONPATH, ROOT

BARE = {name: value for name, value in os.environ.items() if not name.startswith("TODOLIST_")}


def command(address: str, *, service: str = "todo", **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "common.migrate", service],
        cwd=ROOT,
        env={**BARE, "PYTHONPATH": PYTHONPATH, "TODOLIST_MIGRATION_URL": address, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_waits_for_the_account_that_the_bootstrap_makes(mysql: MySQL, worker: str) -> None:
    secrets, suffix = new_secrets(), f"_migrate_{worker}"
    password = secrets["todo_migrator_password"]
    process = command(mysql.url(f"todo_migrator{suffix}", password, f"todo{suffix}"))
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Waiting (0 s of 300): ")
    bootstrap(mysql.url(), secrets, suffix=suffix)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_it_says_so_when_it_has_waited_in_vain(mysql: MySQL) -> None:
    process = command(mysql.url("nobody", "not-the-password", "todo"), TODOLIST_MIGRATION_WAIT="0")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("The database could not be reached: ")
    assert "Traceback" not in errors
    assert "not-the-password" not in errors


def test_a_wrong_setting_or_name_is_said_in_one_line(mysql: MySQL) -> None:
    for process, said in (
        (
            command("mysql://x@127.0.0.1/todo", TODOLIST_MIGRATION_WAIT="soon"),
            "is not a number of seconds: soon",
        ),
        (command(mysql.url(), service="nothing"), "There is no service named nothing."),
        (command("here", TODOLIST_MIGRATION_WAIT="0"), "The migration failed: Could not parse"),
    ):
        _, errors = process.communicate(timeout=60)
        assert process.returncode in (1, 2)
        assert said in errors
        assert errors.count("\n") == 1, errors


def test_somebody_else_at_it_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def busy(package: str, address: str) -> None:
        raise MigrationBusyError(f"another process is migrating {package}, {address}")

    monkeypatch.setattr("common.migrate.migrate", busy)
    monkeypatch.setenv("TODOLIST_MIGRATION_URL", "there")
    assert main(["todo"]) == 1
    assert capsys.readouterr().err == "another process is migrating todo, there\n"


def test_a_connection_that_is_lost_in_the_middle_is_tried_again(
    mysql: MySQL, worker: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets, suffix = new_secrets(), f"_lost_{worker}"
    bootstrap(mysql.url(), secrets, suffix=suffix)
    address = mysql.url(f"todo_migrator{suffix}", secrets["todo_migrator_password"], f"todo{suffix}")
    upgrade, tries = alembic_command.upgrade, 0

    def interrupted(config: Config, revision: str) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            config.attributes["connection"].execute(sa.text("KILL CONNECTION_ID()"))
        upgrade(config, revision)

    monkeypatch.setattr(alembic_command, "upgrade", interrupted)
    monkeypatch.setenv("TODOLIST_MIGRATION_URL", address)
    assert main(["todo"]) == 0, capsys.readouterr().err
    assert tries == 2
