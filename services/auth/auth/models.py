"""The tables of auth: accounts, sessions, signing keys, audit records, and the log."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.dialects.mysql import VARBINARY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.columns import UTCDateTime, make_metadata
from common.ids import UUIDType
from common.log.tables import log_tables


class Base(DeclarativeBase):
    """Auth's own metadata: no table of another service is in it."""

    metadata = make_metadata()
    type_annotation_map: ClassVar = {UUID: UUIDType, datetime: UTCDateTime}


log = log_tables(Base.metadata)


class Account(Base):
    """A person. Deleting an account deletes the row: nothing of the person stays but ids."""

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    """Normalised: lower case, NFC."""
    name: Mapped[str] = mapped_column(String(100))
    color: Mapped[str] = mapped_column(String(7))
    role: Mapped[str] = mapped_column(String(8))
    password_hash: Mapped[str] = mapped_column(String(255))
    password_changed_at: Mapped[datetime]
    """Not moved by a rehash: tells a changed password from one hashed anew with other parameters."""
    version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Session(Base):
    """One sign-in on one device. It may outlive its account, since followers must hear that it ended."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    counter: Mapped[int] = mapped_column(BigInteger)
    """Which refresh token is the current one. The token itself is stored nowhere."""
    created_at: Mapped[datetime]
    rotated_at: Mapped[datetime]
    """When the current refresh token was made."""
    used_at: Mapped[datetime | None]
    """When the current refresh token was first presented: from then on its predecessor has a minute left."""
    last_used_at: Mapped[datetime]
    device: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(45))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_sessions_account_id_id", "account_id", "id"),
        Index("ix_sessions_created_at", "created_at"),
        Index("ix_sessions_ended_at", "ended_at"),
        Index("ix_sessions_last_used_at", "last_used_at"),
    )


class SigningKey(Base):
    """A key that signs access tokens; the private half is encrypted."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(String(43), primary_key=True)
    follows: Mapped[str] = mapped_column(String(43), unique=True)
    """The key before it ('' for the first). Unique: of two that rotate at once, one finds it done."""
    public: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(VARBINARY(500))
    created_at: Mapped[datetime]
    active_from: Mapped[datetime]


class Audit(Base):
    """What happened to whom, from where. No e-mail address, no password, no token."""

    __tablename__ = "audit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    device: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(45))

    __table_args__ = (Index("ix_audit_at", "at"), Index("ix_audit_account_id_at", "account_id", "at"))
