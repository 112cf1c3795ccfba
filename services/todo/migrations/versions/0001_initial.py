"""Lists, members, tasks, assignees, known accounts, and the log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from common.log.transaction import new_epoch
from common.migrate import create_log_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BINARY(16)
UNSIGNED = mysql.BIGINT(unsigned=True)
TIME = mysql.DATETIME(fsp=6)


def upgrade() -> None:
    """Everything, in an empty database."""
    create_log_tables(op)
    # The log that other services follow is there from the start, so that its snapshot is, too.
    topics = sa.table("topics", *(sa.column(name) for name in ("topic", "seq", "epoch", "floor")))
    op.bulk_insert(topics, [{"topic": b"lists", "seq": 0, "epoch": new_epoch().encode(), "floor": 0}])
    op.create_table(
        "accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("color", sa.String(16), nullable=False),
        sa.Column("version", UNSIGNED, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_table(
        "lists",
        sa.Column("id", ID, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("color", sa.String(7), nullable=False),
        sa.Column("version", UNSIGNED, nullable=False),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("creator_id", ID, nullable=False),
        sa.Column("digest", sa.BINARY(32), nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_lists"),
    )
    op.create_table(
        "members",
        sa.Column("list_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("version", UNSIGNED, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "account_id", name="pk_members"),
    )
    op.create_index("ix_members_account_id_list_id", "members", ["account_id", "list_id"])
    _create_tasks()


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("list_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("notes", mysql.MEDIUMTEXT(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("due", TIME, nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("position", mysql.VARBINARY(64), nullable=True),
        sa.Column("version", UNSIGNED, nullable=False),
        sa.Column("data", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("creator_id", ID, nullable=False),
        sa.Column("digest", sa.BINARY(32), nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("list_id", "id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_list_id_position_id", "tasks", ["list_id", "position", "id"])
    op.create_index("ix_tasks_list_id_parent_id", "tasks", ["list_id", "parent_id"])
    op.create_table(
        "assignees",
        sa.Column("list_id", ID, nullable=False),
        sa.Column("task_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("list_id", "task_id", "account_id", name="pk_assignees"),
    )
    op.create_index(
        "ix_assignees_account_id_list_id_task_id", "assignees", ["account_id", "list_id", "task_id"]
    )
