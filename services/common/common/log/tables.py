"""The three tables of the log, which every service has in its own database."""

from dataclasses import dataclass

from sqlalchemy import Column, Index, MetaData, Table
from sqlalchemy.dialects.mysql import BIGINT, BLOB, VARBINARY

from common.columns import EncodedJSON, UTCDateTime
from common.ids import UUIDType


@dataclass(frozen=True)
class LogTables:
    """topics: one row a log · events: its entries · cursors: how far this service has followed others'
    logs."""

    topics: Table
    events: Table
    cursors: Table


def log_tables(metadata: MetaData) -> LogTables:
    """Add the log's tables to a service's metadata."""
    number = BIGINT(unsigned=True)
    topics = Table(
        "topics",
        metadata,
        Column("topic", VARBINARY(96), primary_key=True),
        Column("seq", number, nullable=False),
        Column("epoch", VARBINARY(16), nullable=False),
        Column("floor", number, nullable=False),
    )
    events = Table(
        "events",
        metadata,
        Column("topic", VARBINARY(96), primary_key=True),
        Column("seq", number, primary_key=True, autoincrement=False),
        Column("kind", VARBINARY(40), nullable=False),
        Column("resource_id", UUIDType, nullable=False),
        Column("actor_id", UUIDType),
        Column("at", UTCDateTime, nullable=False),
        Column("data", EncodedJSON, nullable=False),
        Column("revokes", BLOB),
        Index(None, "topic", "resource_id"),
        Index(None, "at"),
    )
    cursors = Table(
        "cursors",
        metadata,
        Column("source", VARBINARY(16), primary_key=True),
        Column("topic", VARBINARY(96), primary_key=True),
        Column("seq", number, nullable=False),
        Column("epoch", VARBINARY(16), nullable=False),
    )
    return LogTables(topics, events, cursors)


_internal = log_tables(MetaData())
TOPICS, EVENTS, CURSORS = _internal.topics, _internal.events, _internal.cursors
"""The same tables, for SQL that works in any service's database."""
