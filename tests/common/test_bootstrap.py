"""`python -m common.bootstrap`: secrets in the environment or a file, and a server that may be late."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pymysql
import pytest

from common.bootstrap import SERVICES, bootstrap, new_secrets, read_or_make_secrets
from common.bootstrap.secrets import ACCOUNTS
from tools.stack import MySQL, free_port
from tools.stack.service import PYTHONPATH, ROOT

BARE = {name: value for name, value in os.environ.items() if not name.startswith("TODOLIST_")}


@pytest.fixture
def secrets() -> dict[str, str]:
    return new_secrets()


def environment(secrets: Mapping[str, str], root_url: str, **more: str) -> dict[str, str]:
    named = {
        f"TODOLIST_SECRET_{account.upper()}_PASSWORD": secrets[f"{account}_password"] for account in ACCOUNTS
    }
    return {**BARE, "PYTHONPATH": PYTHONPATH, **named, "TODOLIST_ROOT_URL": root_url, **more}


def command(*arguments: str, env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "common.bootstrap", *arguments],
        cwd=ROOT,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """A command's status and what it said, which never holds a secret."""
    process = command(*arguments, env=env)
    output, errors = process.communicate(timeout=60)
    for name, value in env.items():
        if name.startswith("TODOLIST_SECRET_"):
            assert value not in output + errors
    return process.returncode, output, errors


def query(server: MySQL, statement: str, *, user: str = "root", password: str | None = None) -> Any:
    secret = server.password if password is None else password
    with (
        pymysql.connect(host="127.0.0.1", port=server.port, user=user, password=secret) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return cursor.fetchall()


def test_passwords_from_the_environment(new_mysql: Callable[[], MySQL], secrets: dict[str, str]) -> None:
    server = new_mysql()
    env = environment(secrets, server.url())
    assert run("--environment", env=env) == (0, "Databases and accounts are ready.\n", "")
    for account in ACCOUNTS:
        query(server, "SELECT 1", user=account, password=secrets[f"{account}_password"])
    # One that was changed where it is held is set on the account.
    changed = {**secrets, "todo_password": "another-" * 4}
    assert run("--environment", env=environment(changed, server.url()))[0] == 0
    query(server, "SELECT 1", user="todo", password="another-" * 4)
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        query(server, "SELECT 1", user="todo", password=secrets["todo_password"])


def test_everything_missing_is_named_in_one_message(secrets: dict[str, str]) -> None:
    env = environment(secrets, "")
    kept = env.pop("TODOLIST_SECRET_AUTH_PASSWORD"), env.pop("TODOLIST_SECRET_BACKUP_PASSWORD")
    status, _, said = run("--environment", env=env)
    assert status == 2
    for name in ("SECRET_AUTH_PASSWORD", "SECRET_BACKUP_PASSWORD", "ROOT_URL"):
        assert f"TODOLIST_{name}: missing" in said
    assert "TODO_PASSWORD" not in said
    assert not [value for value in kept if value in said]
    assert run("--environment", env={**env, "TODOLIST_BOOTSTRAP_SECONDS": "soon"})[0] == 2


def test_a_server_that_is_starting_is_waited_for(
    new_mysql: Callable[[], MySQL], secrets: dict[str, str]
) -> None:
    server = new_mysql()
    server.stop()
    waiting = command("--environment", env=environment(secrets, server.url()))
    assert waiting.stdout is not None
    assert waiting.stdout.readline().startswith(f"Waiting for MySQL at 127.0.0.1:{server.port} (0 s of 600)")
    server.start()
    output, errors = waiting.communicate(timeout=60)
    assert (waiting.returncode, errors) == (0, "")
    assert output.endswith("Databases and accounts are ready.\n")


@pytest.mark.parametrize("place", ["127.0.0.1", "mysql.invalid"])
def test_the_wait_has_an_end(secrets: dict[str, str], place: str) -> None:
    """Nobody listens there; nobody has that name."""
    env = environment(secrets, f"mysql://root:r00t@{place}:{free_port()}", TODOLIST_BOOTSTRAP_SECONDS="1")
    status, output, errors = run("--environment", env=env)
    assert status == 1
    assert "Waiting for MySQL" in output
    assert "Is it running" in errors
    assert "Traceback" not in errors


def test_a_refusal_ends_at_once_with_what_to_do(mysql: MySQL, secrets: dict[str, str]) -> None:
    env = environment(secrets, f"mysql://root:wr0ng-one@127.0.0.1:{mysql.port}")
    status, output, errors = run("--environment", env=env)
    assert (status, output) == (1, "")
    assert "Access denied" in errors
    assert "ALTER USER" in errors
    assert "wr0ng-one" not in errors


def test_the_backup_reads_everything_and_changes_nothing(mysql: MySQL, worker: str) -> None:
    secrets, suffix = new_secrets(), f"_backup_{worker}"
    bootstrap(mysql.url(), secrets, suffix=suffix)
    account = {"user": f"backup{suffix}", "password": secrets["backup_password"]}
    for service in SERVICES:
        query(mysql, f"CREATE TABLE IF NOT EXISTS {service}{suffix}.thing (id INT PRIMARY KEY)")
        query(mysql, f"SELECT * FROM {service}{suffix}.thing", **account)
        for change in ("INSERT INTO {}.thing VALUES (1)", "DROP TABLE {}.thing", "CREATE TABLE {}.x (y INT)"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                query(mysql, change.format(service + suffix), **account)
    with pytest.raises(pymysql.err.OperationalError, match="denied"):
        query(mysql, "SELECT * FROM mysql.user", **account)
    query(mysql, "FLUSH TABLES WITH READ LOCK", **account)  # mysqldump: the place in the binary log


def test_two_at_once_is_harmless(mysql: MySQL, worker: str) -> None:
    """Without one waiting for the other, an account could be made by both."""
    secrets, suffix = new_secrets(), f"_twice_{worker}"
    failures: list[Exception] = []

    def prepare() -> None:
        try:
            bootstrap(mysql.url(), secrets, suffix=suffix)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    query(mysql, "SELECT 1", user=f"chat{suffix}", password=secrets["chat_password"])


def test_one_waits_for_the_other(mysql: MySQL, worker: str, secrets: dict[str, str]) -> None:
    suffix = f"_wait_{worker}"
    done = threading.Event()

    def prepare() -> None:
        bootstrap(mysql.url(), secrets, suffix=suffix)
        done.set()

    with (
        pymysql.connect(host="127.0.0.1", port=mysql.port, password=mysql.password, user="root") as other,
        other.cursor() as cursor,
    ):
        cursor.execute("SELECT GET_LOCK(%s, 0)", (f"todolist:bootstrap{suffix}",))
        thread = threading.Thread(target=prepare)
        thread.start()
        assert not done.wait(0.5)
    thread.join(timeout=30)
    assert done.is_set()


def test_a_file_keeps_what_it_has_and_gets_what_it_lacks(tmp_path: Path) -> None:
    """A file made by an older release goes on with the passwords it has."""
    path = tmp_path / "secrets.json"
    old = {"auth_password": "old-" * 6, "service_key": "key-" * 12}
    path.write_text(json.dumps(old))
    complete = read_or_make_secrets(path)
    assert complete.keys() == new_secrets().keys()
    assert old.items() <= complete.items()
    assert read_or_make_secrets(path) == complete == json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_that_make_a_file_agree(tmp_path: Path) -> None:
    """One waits until the other is done, and then finds what that one made."""
    found: list[dict[str, str]] = []
    path = tmp_path / "secrets.json"
    threads = [threading.Thread(target=lambda: found.append(read_or_make_secrets(path))) for _ in range(2)]
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    for thread in threads:
        thread.start()
    threads[0].join(timeout=0.3)
    assert not path.exists()
    os.close(other)
    for thread in threads:
        thread.join()
    assert found == [json.loads(path.read_text())] * 2
