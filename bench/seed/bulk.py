"""Many rows at once, and many copies of some rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Table,
    TableClause,
    column,
    create_engine,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
    true,
)

from common.ids import UUIDType

AT_ONCE = 1000
EPOCH = b"0123456789abcdef"
NAME = "bench_copies"
COPIES = table(NAME, column("id", UUIDType), column("name"))
"""While copies are made: the new ids, as bytes and as text."""


@contextmanager
def transaction(url: str) -> Iterator[Connection]:
    """A transaction on the database at this address."""
    engine = create_engine(url.replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def put(connection: Connection, into: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows, many with each statement."""
    assert isinstance(into, Table | TableClause)
    remaining = iter(rows)
    while batch := [dict(row) for row in islice(remaining, AT_ONCE)]:
        connection.execute(insert(into), batch)


class Copies:
    """Copies of one list or room, made inside the server: that is many times as fast."""

    def __init__(self, connection: Connection, model: UUID, others: Sequence[UUID]) -> None:
        self._connection = connection
        self._model = model
        connection.execute(text(f"DROP TEMPORARY TABLE IF EXISTS {NAME}"))
        connection.execute(text(f"CREATE TEMPORARY TABLE {NAME} (id BINARY(16), name VARCHAR(36))"))
        put(connection, COPIES, ({"id": each, "name": str(each)} for each in others))

    def rows(self, of: Any, key: str) -> None:
        """The rows of a table whose `key` is the model's id; encoded resources name the copy, too."""
        self._copy(of, key, self._model, COPIES.c.id)

    def log(self, of: Any, kind: str) -> None:
        """The rows of a table of the log whose topic is the model's."""
        self._copy(of, "topic", f"{kind}:{self._model}".encode(), func.concat(f"{kind}:", COPIES.c.name))

    def _copy(self, of: Any, key: str, old: object, new: Any) -> None:
        assert isinstance(of, Table)
        data = func.replace(literal_column("data"), str(self._model), COPIES.c.name)
        changed = {key: new, "data": data}
        columns = [changed.get(each.name, each) for each in of.c]
        query = select(*columns).select_from(of.join(COPIES, true())).where(of.c[key] == old)
        self._connection.execute(insert(of).from_select([each.name for each in of.c], query))
