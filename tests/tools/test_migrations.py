"""The migrations make exactly the tables that the models declare."""

import importlib
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from common.bootstrap import SERVICES
from common.migrate import drift, migrate
from tests.support import Stack


@pytest.mark.parametrize("service", SERVICES)
def test_models_and_migrated_database_agree(stack: Stack, service: str) -> None:
    models: Any = importlib.import_module(f"{service}.models")
    assert drift(models.Base.metadata, stack.database_url(service, account=f"{service}_migrator")) == []


@pytest.mark.parametrize("service", SERVICES)
def test_migrating_again_is_harmless(stack: Stack, service: str) -> None:
    migrate(service, stack.database_url(service, account=f"{service}_migrator"))


def test_the_release_before_starts_on_the_schema_of_the_next(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rollback: its init container meets a revision that it does not know, and leaves it alone."""
    address = stack.database_url("todo", account="todo_migrator")
    engine = sa.create_engine(make_url(address).set(drivername="mysql+pymysql"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        known = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))

        def stamp(revision: str | None) -> None:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
            connection.commit()

        stamp("9999")
        try:
            migrate("todo", address)
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
        finally:
            stamp(known)
    assert "9999, of a later release" in capsys.readouterr().err
