"""Alembic's entry: the revisions of the todo service's database."""

from common.migrate import run_migrations
from todo.models import Base

run_migrations(Base.metadata)
