"""The migrations make the tables that the models declare."""

from collections.abc import Callable

from auth.models import Base
from common.migrate import drift, migrate


def test_the_migrations_make_what_the_models_declare(new_database: Callable[[], str]) -> None:
    """On an empty database; migrating again is harmless."""
    url = new_database()
    migrate("auth", url)
    migrate("auth", url)
    assert drift(Base.metadata, url) == []
