"""The tables: lists, members, tasks, who a task is assigned to, the log, and the accounts this service knows.

`data` is the encoded resource as its last event carried it: pages of a collection join these bytes as they
are. The other columns are what queries ask about. A deleted list or task stays as a tombstone, emptied but
for its id, creator and digest, which is what a repeated creation is compared with.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BINARY, Boolean, Index, SmallInteger, String, Text
from sqlalchemy.dialects.mysql import BIGINT, MEDIUMTEXT, VARBINARY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.accounts import account_table
from common.columns import EncodedJSON, UTCDateTime, make_metadata
from common.ids import UUIDType
from common.log.tables import log_tables
from todo.positions import MAX_LENGTH


class Base(DeclarativeBase):
    """This service's tables, apart from any other service's in the same process."""

    metadata = make_metadata()


LOG = log_tables(Base.metadata)
ACCOUNTS = account_table(Base.metadata)


class List(Base):
    """A to-do list."""

    __tablename__ = "lists"

    id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    color: Mapped[str] = mapped_column(String(7))
    version: Mapped[int] = mapped_column(BIGINT(unsigned=True))
    data: Mapped[bytes] = mapped_column(EncodedJSON)
    creator_id: Mapped[UUID] = mapped_column(UUIDType)
    digest: Mapped[bytes] = mapped_column(BINARY(32))
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Member(Base):
    """An account's role in a list. The row is the access: without it, the account is told of no such list."""

    __tablename__ = "members"
    __table_args__ = (Index(None, "account_id", "list_id"),)

    list_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(BIGINT(unsigned=True))


class Task(Base):
    """A task. The position of a tombstone is null, so that it lies outside of every page."""

    __tablename__ = "tasks"
    __table_args__ = (Index(None, "list_id", "position", "id"), Index(None, "list_id", "parent_id"))

    list_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(UUIDType)
    title: Mapped[str] = mapped_column(String(500))
    notes: Mapped[str] = mapped_column(MEDIUMTEXT)
    done: Mapped[bool] = mapped_column(Boolean)
    due: Mapped[datetime | None] = mapped_column(UTCDateTime)
    priority: Mapped[int] = mapped_column(SmallInteger)
    labels: Mapped[str] = mapped_column(Text)
    position: Mapped[bytes | None] = mapped_column(VARBINARY(MAX_LENGTH))
    version: Mapped[int] = mapped_column(BIGINT(unsigned=True))
    data: Mapped[bytes] = mapped_column(EncodedJSON)
    creator_id: Mapped[UUID] = mapped_column(UUIDType)
    digest: Mapped[bytes] = mapped_column(BINARY(32))
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Assignee(Base):
    """That a task is assigned to an account: the index by account of what `data` of the task says."""

    __tablename__ = "assignees"
    __table_args__ = (Index(None, "account_id", "list_id", "task_id"),)

    list_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    task_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
