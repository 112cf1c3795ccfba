"""Accounts, sessions, signing keys, audit records, and the log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from common.migrate import create_log_tables

revision = "0001"
down_revision = None

ID = mysql.BINARY(16)
TIME = mysql.DATETIME(fsp=6)


def upgrade() -> None:
    """Create the tables."""
    create_log_tables(op)
    op.create_table(
        "accounts",
        sa.Column("id", ID, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("color", sa.String(7), nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("password_changed_at", TIME, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("disabled_at", TIME, nullable=True),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", ID, primary_key=True),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("rotated_at", TIME, nullable=False),
        sa.Column("used_at", TIME, nullable=True),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
    )
    op.create_index("ix_sessions_account_id_id", "sessions", ["account_id", "id"])
    op.create_index("ix_sessions_created_at", "sessions", ["created_at"])
    op.create_index("ix_sessions_ended_at", "sessions", ["ended_at"])
    op.create_index("ix_sessions_last_used_at", "sessions", ["last_used_at"])
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(43), primary_key=True),
        sa.Column("follows", sa.String(43), nullable=False),
        sa.Column("public", sa.Text, nullable=False),
        sa.Column("sealed", mysql.VARBINARY(500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("active_from", TIME, nullable=False),
        sa.UniqueConstraint("follows", name="uq_signing_keys_follows"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, primary_key=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("session_id", ID, nullable=True),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_account_id_at", "audit", ["account_id", "at"])
