"""Rooms, their members, their messages; the log; the accounts that auth has told about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from common.migrate import create_log_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing."""
    create_log_tables(op)
    op.create_table(
        "accounts",
        sa.Column("id", mysql.BINARY(16), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("color", sa.String(16), nullable=False),
        sa.Column("version", mysql.BIGINT(unsigned=True), nullable=False),
    )
    op.create_table(
        "rooms",
        sa.Column("id", mysql.BINARY(16), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("list_id", mysql.BINARY(16), nullable=True),
        sa.Column("title", sa.String(200), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=True),
        sa.Column("creator_id", mysql.BINARY(16), nullable=True),
        sa.Column("digest", mysql.BINARY(32), nullable=True),
        sa.Column("deleted_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("room_id", mysql.BINARY(16), primary_key=True),
        sa.Column("account_id", mysql.BINARY(16), primary_key=True),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("read_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("source_version", sa.BigInteger(), nullable=True),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
    )
    op.create_index("ix_members_account_id_room_id", "members", ["account_id", "room_id"])
    op.create_table(
        "messages",
        sa.Column("room_id", mysql.BINARY(16), primary_key=True),
        sa.Column("id", mysql.BINARY(16), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("author_id", mysql.BINARY(16), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("thread_id", mysql.BINARY(16), nullable=True),
        sa.Column("digest", mysql.BINARY(32), nullable=True),
        sa.Column("deleted_at", mysql.DATETIME(fsp=6), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
        sa.UniqueConstraint("room_id", "seq", name="uq_messages_room_id_seq"),
    )
    op.create_index("ix_messages_room_id_thread_id_seq", "messages", ["room_id", "thread_id", "seq"])
