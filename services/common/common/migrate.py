"""Bringing a service's database to its newest schema: Alembic, run from Python, by one process at a time."""

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from common.bootstrap.wait import NOT_YET

LOCK_SECONDS = 120
URL_VARIABLES = ("TODOLIST_MIGRATION_URL", "TODOLIST_DATABASE_URL")
WAIT_VARIABLE, WAIT_SECONDS = "TODOLIST_MIGRATION_WAIT", 300.0
SAY_SECONDS = 5.0
# No such account, database or right: at the first start the bootstrap makes them while we wait.
NOT_MADE = {1044, 1045, 1049, 1130}


class SchemaOperations(Protocol):
    """What is used of alembic's `op` module."""

    def create_table(self, table_name: str, *columns: Any) -> Any: ...

    def create_index(self, index_name: str, table_name: str, columns: list[Any]) -> Any: ...


class MigrationBusyError(RuntimeError):
    """Another process has been migrating this database for longer than we wait."""


class NoServiceError(RuntimeError):
    """A name that is no service's."""


def migrate(package: str, database_url: str) -> None:
    """Upgrade the database of a service ("auth", "todo", "chat") to the newest revision; again is harmless.

    The account needs to change the schema; the service's own account cannot, so this has one of its own.
    """
    with _connected(database_url) as connection:
        lock = f"todolist:migrate:{connection.engine.url.database}"[:64]
        if (
            connection.scalar(sa.text("SELECT GET_LOCK(:name, :wait)"), {"name": lock, "wait": LOCK_SECONDS})
            != 1
        ):
            raise MigrationBusyError(f"another process is migrating {connection.engine.url.database}")
        # The end of the connection frees the lock, also when it was lost in the middle.
        config = Config()
        config.set_main_option("script_location", str(_scripts(package)).replace("%", "%%"))
        config.attributes["connection"] = connection
        if later := _later(config, connection):
            # A rollback, or a pod of the previous release that starts once more during an upgrade.
            sys.stderr.write(f"The schema is {later}, of a later release: it is left as it is.\n")
            return
        command.upgrade(config, "head")
        connection.commit()


def _later(config: Config, connection: Connection) -> str:
    """The revision of the database when this release does not know it: a later one made it, and expanded
    (docs/adr/0008)."""
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    return found if found is not None and found not in known else ""


def drift(metadata: sa.MetaData, database_url: str) -> list[str]:
    """How the migrated database differs from the tables the models declare; empty when it does not."""
    with _connected(database_url) as connection:
        found = MigrationContext.configure(connection, opts={"compare_type": True})
        return [repr(difference) for difference in compare_metadata(found, metadata)]


def run_migrations(metadata: sa.MetaData) -> None:
    """All of a service's migrations/env.py: run the revisions on the connection that migrate() opened."""
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise RuntimeError("run migrations with `python -m common.migrate <service>`")
    # DDL commits by itself on MySQL, so each revision is recorded before the next begins.
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def create_log_tables(op: SchemaOperations) -> None:
    """The three tables of a service's log, as common.log.tables declares them; for its first revision."""
    unsigned = mysql.BIGINT(unsigned=True)
    topic = mysql.VARBINARY(96)
    op.create_table(
        "topics",
        sa.Column("topic", topic, primary_key=True),
        sa.Column("seq", unsigned, nullable=False),
        sa.Column("epoch", mysql.VARBINARY(16), nullable=False),
        sa.Column("floor", unsigned, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("topic", topic, primary_key=True),
        sa.Column("seq", unsigned, primary_key=True, autoincrement=False),
        sa.Column("kind", mysql.VARBINARY(40), nullable=False),
        sa.Column("resource_id", mysql.BINARY(16), nullable=False),
        sa.Column("actor_id", mysql.BINARY(16), nullable=True),
        sa.Column("at", mysql.DATETIME(fsp=6), nullable=False),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("revokes", mysql.BLOB(), nullable=True),
    )
    op.create_index("ix_events_topic_resource_id", "events", ["topic", "resource_id"])
    op.create_index("ix_events_at", "events", ["at"])
    op.create_table(
        "cursors",
        sa.Column("source", mysql.VARBINARY(16), primary_key=True),
        sa.Column("topic", topic, primary_key=True),
        sa.Column("seq", unsigned, nullable=False),
        sa.Column("epoch", mysql.VARBINARY(16), nullable=False),
    )


def main(arguments: list[str]) -> int:
    """`python -m common.migrate auth todo chat`: the address comes from the environment."""
    address = next((os.environ[name] for name in URL_VARIABLES if os.environ.get(name)), None)
    if not arguments or address is None:
        sys.stderr.write(f"usage: {URL_VARIABLES[0]}=mysql://… python -m common.migrate <service>\n")
        return 2
    said = os.environ.get(WAIT_VARIABLE, "")
    try:
        patience = float(said or WAIT_SECONDS)
    except ValueError:
        sys.stderr.write(f"{WAIT_VARIABLE} is not a number of seconds: {said}\n")
        return 2
    try:
        for package in arguments:
            _patiently(lambda: migrate(package, address), patience)  # noqa: B023 - called before the next turn
    except OperationalError as error:
        sys.stderr.write(f"The database could not be reached: {error.orig}\n")
        return 1
    except (MigrationBusyError, NoServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 1 if isinstance(error, MigrationBusyError) else 2
    except (SQLAlchemyError, CommandError) as error:
        # Not all of it: SQLAlchemy adds the statement and where to read about it.
        sys.stderr.write(f"The migration failed: {getattr(error, 'orig', None) or error}\n")
        return 1
    return 0


def _patiently(work: Callable[[], None], patience: float) -> None:
    """Again and again until MySQL is there with our account: at a first start both come up beside us."""
    begun = time.monotonic()
    told = -SAY_SECONDS
    while True:
        try:
            return work()
        except OperationalError as error:
            waited = time.monotonic() - begun
            code = error.orig.args[0] if error.orig is not None and error.orig.args else 0
            if code not in NOT_YET | NOT_MADE or waited >= patience:
                raise
            if waited - told >= SAY_SECONDS:
                told = waited
                sys.stderr.write(f"Waiting ({waited:.0f} s of {patience:.0f}): {error.orig}\n")
        time.sleep(1)


def _scripts(package: str) -> Path:
    """The revisions lie inside the package when it is installed, beside it in the repository."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise NoServiceError(f"There is no service named {package}.")
    home = Path(spec.origin).parent
    inside = home / "migrations"
    return inside if inside.is_dir() else home.parent / "migrations"


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    address = make_url(database_url).set(drivername="mysql+pymysql")
    engine = sa.create_engine(address, poolclass=sa.NullPool, isolation_level="READ COMMITTED")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
