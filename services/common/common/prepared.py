"""Reads that nearly every request makes, by the driver itself (ADR 0010): SQLAlchemy takes longer to run a
statement than MySQL to answer it."""

from collections.abc import Sequence
from typing import Any

from asyncmy.errors import Error
from sqlalchemy import Select
from sqlalchemy.dialects.mysql import asyncmy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from common import tracing

_DIALECT = asyncmy.dialect()  # how a statement reads depends on nothing that a server would have to be asked


class Prepared:
    """A statement that was put into words once. Its values and rows are the driver's own: ids are bytes."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._text = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()
        self._fixed = compiled.params

    async def rows(self, connection: AsyncConnection, **values: bytes | int) -> Sequence[tuple[Any, ...]]:
        """All rows. Raises DBAPIError, as SQLAlchemy does; whatever it raises, the connection is given up."""
        given = {**self._fixed, **values}
        about = {"db__system__name": "mysql", "db__operation__name": "SELECT", "db__query__text": self._text}
        driver: Any = (await connection.get_raw_connection()).driver_connection
        with tracing.span("SELECT", "client", **about):
            try:
                async with driver.cursor() as cursor:
                    await cursor.execute(self._text, [given[name] for name in self._names])
                    rows: Sequence[tuple[Any, ...]] = await cursor.fetchall()
                    return rows
            except Error as error:
                await connection.invalidate(error)
                lost = connection.dialect.is_disconnect(error, None, None)  # type: ignore[arg-type]  # the same class
                raise DBAPIError(self._text, None, error, connection_invalidated=lost) from error
            except BaseException as error:
                await connection.invalidate(error)
                raise
