"""The schema: what the migrations make is what the models declare."""

from common.migrate import drift
from tests.support import Stack
from todo.models import Base


def test_the_migrated_database_is_what_the_models_declare(stack: Stack) -> None:
    assert drift(Base.metadata, stack.database_url("todo", account="todo_migrator")) == []
