"""Whether the release before could live with what a migration does: in an upgrade it still runs beside it.

A revision is run with a recorder in the place of alembic's `op`, so that what is judged is what would be
done, also by a helper or in a loop. What takes something away belongs into a later release, when nothing uses
it any more; such a revision says so: CONTRACT = "0.2.0 no longer reads lists.color".
"""

import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

RELEASE = re.compile(r"\b\d+\.\d+\.\d+\b")
HARMLESS = {"bulk_insert", "get_bind", "get_context", "f", "create_table_comment"}
TAKES_AWAY = {"drop_table", "drop_column", "rename_table", "drop_constraint", "drop_index"}
# What the older release's rows may offend.
RESTRICTS = {
    "create_unique_constraint",
    "create_check_constraint",
    "create_foreign_key",
    "create_primary_key",
}
NAMED_FIRST = RESTRICTS | {"create_index", "drop_index", "drop_constraint"}
SCHEMA_WORDS = re.compile(r"\s*(ALTER|DROP|RENAME|TRUNCATE|CREATE|GRANT|REVOKE)\b", re.I)
INTEGERS = (mysql.TINYINT, sa.SmallInteger, mysql.MEDIUMINT, sa.Integer, sa.BigInteger)
TEXTS = (sa.String, sa.Text, mysql.MEDIUMTEXT, mysql.LONGTEXT)
BYTES = (sa.VARBINARY, mysql.BLOB, mysql.MEDIUMBLOB, mysql.LONGBLOB)


class Recorder:
    """Takes every call that a migration makes of `op`, of a batch, or of the connection, and does nothing."""

    def __init__(self, calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]], table: str = "") -> None:
        self._calls = calls
        self._table = table

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            if name == "batch_alter_table":
                return Recorder(self._calls, arguments[0])
            # In a batch the table is said once; else it comes with each call, after a constraint's name.
            at = _place(name)
            given = (*arguments[:at], self._table, *arguments[at:]) if self._table else arguments
            self._calls.append((name, given, options))
            return Recorder(self._calls) if name == "get_bind" else []

        return call

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def objections(revision: Any) -> list[str]:
    """What the release before could not live with; nothing when the revision says why it contracts."""
    contract = getattr(revision, "CONTRACT", None)
    if contract is not None:
        named = isinstance(contract, str) and RELEASE.search(contract) and len(contract) > 20
        return [] if named else ["CONTRACT must name the release that no longer uses it, and what that is"]
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    held, revision.op = revision.op, Recorder(calls)
    try:
        revision.upgrade()
    finally:
        revision.op = held
    made: set[str] = set()
    found = []
    for name, arguments, options in calls:
        if name == "create_table":
            made.add(str(arguments[0]))
        elif reason := _objection(name, arguments, options, made):
            found.append(reason)
    return found


def _objection(name: str, arguments: tuple[Any, ...], options: dict[str, Any], made: set[str]) -> str:
    if name in HARMLESS:
        return ""
    if name in {"execute", "exec_driver_sql", "scalar", "scalars"}:
        words = str(arguments[0])
        return (
            f"write it with op, so that it can be judged: {words[:60]}" if SCHEMA_WORDS.match(words) else ""
        )
    table = _table(name, arguments, options)
    if table in made:
        return ""  # nothing older knows it
    if name in TAKES_AWAY:
        return f"{name} {arguments}: the older release may use it"
    if name in RESTRICTS or (name == "create_index" and options.get("unique")):
        return f"{name} on {table}: the older release's rows may offend it"
    if name == "create_index":
        return ""
    if name == "add_column":
        return _added(table, arguments[1])
    if name == "alter_column":
        return "; ".join(_altered(table, str(arguments[1]), options))
    return f"{name}: not known to this test; teach it what that does to the older release"


def _place(name: str) -> int:
    """Where the table's name stands among the arguments."""
    return 1 if name in NAMED_FIRST else 0


def _table(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
    at = _place(name)
    named = options.get("table_name") or options.get("source_table")
    return str(named or (arguments[at] if len(arguments) > at else ""))


def _added(table: str, column: sa.Column[Any]) -> str:
    filled = column.nullable or column.server_default is not None or column.computed is not None
    return (
        "" if filled else f"{table}.{column.name} has no server default: the older release does not fill it"
    )


def _altered(table: str, column: str, options: dict[str, Any]) -> list[str]:
    where, found = f"{table}.{column}", []
    if options.get("new_column_name"):
        found.append(f"{where} is renamed: add another, fill both, and take the old one away later")
    if options.get("nullable") is False and not options.get("server_default"):
        found.append(f"{where} becomes NOT NULL without a server default")
    if "server_default" in options and options["server_default"] is None:
        found.append(f"{where} loses its server default")
    if options.get("type_") is not None and not widens(options.get("existing_type"), options["type_"]):
        found.append(f"{where} changes its type to what may not hold all it held (give existing_type)")
    return found


def widens(old: Any, new: Any) -> bool:
    """Whether every value of the old type is one of the new."""
    if old is None:
        return False
    old, new = (sa.types.to_instance(type_) for type_ in (old, new))
    for family in (INTEGERS, TEXTS, BYTES):
        before, after = _rank(old, family), _rank(new, family)
        if before is None or after is None:
            continue
        if getattr(old, "unsigned", False) != getattr(new, "unsigned", False):
            return False
        if before != after:
            return before < after
        return family is INTEGERS or _length(new) >= _length(old)
    return False


def _rank(type_: Any, family: tuple[type[Any], ...]) -> int | None:
    """How wide a type is among its like; the last that fits, since Text is a String, too."""
    ranks = [rank for rank, kind in enumerate(family) if isinstance(type_, kind)]
    return ranks[-1] if ranks else None


def _length(type_: Any) -> float:
    length = getattr(type_, "length", None)
    return float("inf") if length is None else float(length)
