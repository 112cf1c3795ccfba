"""Alembic's entry for auth."""

from auth.models import Base
from common.migrate import run_migrations

run_migrations(Base.metadata)
