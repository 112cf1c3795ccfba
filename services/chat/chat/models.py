"""Chat's tables. `data` holds the encoded resource, the same bytes that its last event carried."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BINARY, BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.accounts import account_table
from common.columns import EncodedJSON, UTCDateTime, make_metadata
from common.ids import UUIDType
from common.log.tables import log_tables


class Base(DeclarativeBase):
    """Chat's own metadata: no table of another service can get into it."""

    metadata = make_metadata()


class Room(Base):
    """A place to talk: of a list, of a group, of two people."""

    __tablename__ = "rooms"

    id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    list_id: Mapped[UUID | None] = mapped_column(UUIDType)
    title: Mapped[str | None] = mapped_column(String(200))
    last_number: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(BigInteger)
    source_version: Mapped[int | None] = mapped_column(BigInteger)
    """Version of the list that the title comes from: an older one is not applied again."""
    creator_id: Mapped[UUID | None] = mapped_column(UUIDType)
    digest: Mapped[bytes | None] = mapped_column(BINARY(32))
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    data: Mapped[bytes] = mapped_column(EncodedJSON)


class Member(Base):
    """A person in a room, and how far they have read there."""

    __tablename__ = "members"
    __table_args__ = (Index(None, "account_id", "room_id"),)

    room_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    role: Mapped[str] = mapped_column(String(8))
    read_number: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(BigInteger)
    source_version: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[bytes] = mapped_column(EncodedJSON)


class Message(Base):
    """Something said in a room, or a line about what happened to its list."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("room_id", "seq"),
        Index(None, "room_id", "thread_id", "seq"),
    )

    room_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(8))
    author_id: Mapped[UUID | None] = mapped_column(UUIDType)
    body: Mapped[str] = mapped_column(Text)
    thread_id: Mapped[UUID | None] = mapped_column(UUIDType)
    digest: Mapped[bytes | None] = mapped_column(BINARY(32))
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[bytes] = mapped_column(EncodedJSON)


log = log_tables(Base.metadata)
accounts = account_table(Base.metadata)
