"""The types and the naming that all tables share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asyncmy.converters import conversions
from sqlalchemy import Dialect, MetaData
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMBLOB, asyncmy
from sqlalchemy.types import TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """DATETIME(6) that is always UTC: aware in Python, naive in the database."""

    impl = DATETIME(fsp=6)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


class Hexadecimal:
    """Bytes that are written into a statement as `x'…'`, in which there is nothing to escape."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value

    def literal(self, _encoders: object = None) -> str:
        """As MySQL reads it (manual, "Hexadecimal Literals")."""
        return f"x'{self.value.hex()}'"


conversions[Hexadecimal] = Hexadecimal.literal  # every connection of the driver knows it from now on


class EncodedJSON(TypeDecorator[bytes]):
    """JSON that is encoded already, as it is sent.

    On its way to the database it is hexadecimal: once there is anything to escape, and in JSON there is, the
    driver goes through the rest character by character, and nobody else is answered meanwhile.
    """

    impl = MEDIUMBLOB
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """To the database. (UNHEX() in the statement would keep the driver from inserting many rows at
        once.)"""
        if dialect.driver != asyncmy.dialect.driver:
            return super().bind_processor(dialect)
        return lambda value: None if value is None else Hexadecimal(value)


def make_metadata() -> MetaData:
    """Metadata in which every constraint has a predictable name, so that migrations can name it."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
