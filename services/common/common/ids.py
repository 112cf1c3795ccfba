"""Ids: UUIDv7 (RFC 9562) chosen by us or by the client, UUIDv5 for what is derived, BINARY(16) in the
database."""

import hashlib
import os
import time
from typing import Any
from uuid import UUID, uuid5

import orjson
from pydantic import BaseModel
from sqlalchemy import BINARY, ColumnElement, Dialect, func
from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.types import TypeDecorator

NAMESPACE = UUID("6f0f3b52-6f0d-5f0e-9a55-2c1d9a3f7b10")


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def derived_id(*parts: str | UUID) -> UUID:
    """The id of a thing that follows from other things, such as a list's room: the same everywhere
    (UUIDv5)."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))


def body_digest(model: BaseModel) -> bytes:
    """SHA-256 of the canonical body of a creation: the fields given, sorted, without the id.

    Two requests with the same digest ask for the same thing, so the second may be answered with the first's
    result.
    """
    fields = model.model_dump(mode="json", exclude_unset=True, exclude={"id"})
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def uuid_text(column: SQLCoreOperations[UUID]) -> ColumnElement[str]:
    """A UUID's canonical text, in SQL: MySQL and MariaDB have no function for it in common."""
    text: ColumnElement[str] = func.lower(func.hex(column))
    for place in (9, 14, 19, 24):
        text = func.insert(text, place, 0, "-")
    return text


class UUIDType(TypeDecorator[UUID]):
    """A UUID as BINARY(16), big-endian, so that UUIDv7 sorts by time."""

    impl = BINARY(16)
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else value.bytes

    def process_result_value(self, value: Any | None, dialect: Dialect) -> UUID | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From the database."""
        return None if value is None else UUID(bytes=bytes(value))
