"""Alembic's entry for chat's database."""

from chat.models import Base
from common.migrate import run_migrations

run_migrations(Base.metadata)
