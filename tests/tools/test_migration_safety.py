"""No migration takes away what the release before still uses; and several processes may migrate at once."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from common.bootstrap import SERVICES, bootstrap, new_secrets
from common.migrate import drift
from tests.tools.migration_rules import Recorder, objections, widens
from tools.stack import MySQL
from tools.stack.service import PYTHONPATH, ROOT

REVISIONS = sorted(ROOT.glob("services/*/migrations/versions/*.py"))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.parents[2].name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", REVISIONS, ids=lambda path: f"{path.parents[2].name}/{path.stem}")
def test_the_release_before_can_live_with_it(path: Path) -> None:
    assert objections(load(path)) == [], f"{path}: expand now, contract in a later release (CONTRACT)"


def test_every_service_is_looked_at() -> None:
    assert {path.parents[2].name for path in REVISIONS} == set(SERVICES)


def judged(upgrade: Callable[[Any], None], **constants: str) -> list[str]:
    """What is objected to in a revision whose upgrade() does this."""
    module = SimpleNamespace(op=None, **constants)
    module.upgrade = lambda: upgrade(module.op)
    return objections(module)


def in_batch(op: Any) -> None:
    with op.batch_alter_table("lists") as batch:
        batch.add_column(sa.Column("icon", sa.String(8)))
        batch.drop_column("color")


REFUSED: dict[str, tuple[Callable[[Any], None], str]] = {
    "a table dropped": (lambda op: op.drop_table("lists"), "drop_table"),
    "a column dropped": (lambda op: op.drop_column("lists", "color"), "drop_column"),
    "a column dropped in a batch": (in_batch, "drop_column"),
    "a table renamed": (lambda op: op.rename_table("lists", "boards"), "rename_table"),
    "a column renamed": (
        lambda op: op.alter_column("lists", "color", new_column_name="colour"),
        "lists.color is renamed",
    ),
    "NOT NULL": (lambda op: op.alter_column("lists", "color", nullable=False), "becomes NOT NULL"),
    "no server default": (
        lambda op: op.alter_column("lists", "color", server_default=None),
        "loses its server default",
    ),
    "a column nobody fills": (
        lambda op: op.add_column("lists", sa.Column("icon", sa.String(8), nullable=False)),
        "lists.icon has no server default",
    ),
    "a narrower type": (
        lambda op: op.alter_column("lists", "title", existing_type=sa.String(200), type_=sa.String(100)),
        "changes its type",
    ),
    "a type without the one before": (
        lambda op: op.alter_column("lists", "title", type_=sa.String(300)),
        "changes its type",
    ),
    "a unique index": (lambda op: op.create_index("ux", "lists", ["title"], unique=True), "may offend"),
    "a unique constraint": (lambda op: op.create_unique_constraint("ux", "lists", ["title"]), "may offend"),
    "an index dropped": (lambda op: op.drop_index("ix", "lists"), "drop_index"),
    "SQL": (lambda op: op.execute(" alter table lists drop color"), "so that it can be judged"),
    "SQL on the connection": (
        lambda op: op.get_bind().execute(sa.text("DROP TABLE lists")),
        "so that it can be judged",
    ),
    "something unheard of": (lambda op: op.swap_tables("a", "b"), "not known to this test"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_takes_away_is_refused(name: str) -> None:
    upgrade, expected = REFUSED[name]
    found = judged(upgrade)
    assert len(found) == 1
    assert expected in found[0]


def expand(op: Any) -> None:
    op.add_column("lists", sa.Column("icon", sa.String(8)))
    op.add_column("lists", sa.Column("rank", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("lists", "title", existing_type=sa.String(200), type_=sa.String(400))
    op.alter_column("lists", "color", nullable=True)
    op.create_index("ix_lists_rank", "lists", ["rank"])
    op.execute("UPDATE lists SET icon = 'x' WHERE icon IS NULL")
    for row in op.get_bind().execute(sa.text("SELECT 1")):
        op.execute(row)
    op.create_table("boards", sa.Column("id", sa.BINARY(16), primary_key=True))
    op.create_index("ux_boards_id", "boards", ["id"], unique=True)
    op.drop_column("boards", "id")


def test_what_adds_is_taken() -> None:
    """Also anything at all on a table that is made here."""
    assert judged(expand) == []


def test_what_contracts_says_so() -> None:
    """With the release that no longer uses it, for whoever reads it when an upgrade skips one."""

    def upgrade(op: Any) -> None:
        op.drop_column("lists", "color")

    assert judged(upgrade, CONTRACT="0.2.0 no longer reads or writes lists.color") == []
    assert judged(upgrade, CONTRACT="not needed") != []
    assert judged(upgrade, CONTRACT="") != []


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        (sa.String(10), sa.String(10), True),
        (sa.String(10), sa.String(9), False),
        (sa.String(10), sa.Text(), True),
        (sa.Text(), sa.String(1000), False),
        (sa.Text(), mysql.MEDIUMTEXT(), True),
        (sa.SmallInteger, sa.BigInteger, True),
        (sa.BigInteger, sa.Integer, False),
        (mysql.BIGINT(unsigned=True), sa.BigInteger, False),
        (mysql.BLOB(), mysql.MEDIUMBLOB(), True),
        (mysql.VARBINARY(64), mysql.VARBINARY(96), True),
        (sa.String(10), sa.Integer, False),
        (sa.BINARY(16), sa.BINARY(32), False),
    ],
)
def test_what_is_wider(old: Any, new: Any, wider: bool) -> None:
    assert widens(old, new) is wider


def test_the_recorder_does_nothing_by_itself() -> None:
    calls: list[Any] = []
    Recorder(calls).create_index("ix", "lists", ["title"])
    assert calls == [("create_index", ("ix", "lists", ["title"]), {})]


def test_several_processes_migrate_an_empty_database_at_once(mysql: MySQL, worker: str) -> None:
    """As the init containers of three replicas do: one works, the others wait and find it done."""
    service = "todo"
    secrets, suffix = new_secrets(), f"_at_once_{worker}"
    bootstrap(mysql.url(), secrets, suffix=suffix)
    account = f"{service}_migrator"
    address = mysql.url(f"{account}{suffix}", secrets[f"{account}_password"], f"{service}{suffix}")
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "TODOLIST_MIGRATION_URL": address}
    command = [sys.executable, "-m", "common.migrate", service]
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, cwd=ROOT, env=environment)) for _ in range(3)
        ]
        assert [process.wait() for process in processes] == [0, 0, 0]
    models: Any = importlib.import_module(f"{service}.models")
    assert drift(models.Base.metadata, address) == []
