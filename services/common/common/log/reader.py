"""Reading the log: a topic's head, and what comes after a number."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query, Response
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from common.errors import Gone, NotFound
from common.etag import json_response
from common.log.events import Event, from_row
from common.log.tables import EVENTS, TOPICS
from common.schemas import encode

REPLAY = 1000  # events that a client may have missed and still get one by one
ROWS = 500  # events of several topics in one statement: more would keep everybody else waiting
UNCACHED = {"compiled_cache": None}  # large statements, of which hardly two are alike

After = Annotated[int, Query(ge=0, le=2**63 - 1, description="the last number already known")]
AskedEpoch = Annotated[
    str | None, Query(alias="epoch", max_length=16, description="the life of the log it belongs to")
]


class LogPruned(Gone):
    """What was asked for is no longer in the log: load the state instead."""

    code, title = "log-pruned", "The log no longer reaches back that far"


@dataclass(frozen=True)
class Head:
    """Where a topic stands: its last number, the life of the log, and the number up to which it was
    pruned."""

    seq: int
    epoch: str
    floor: int

    def reaches(self, after: int) -> bool:
        """Whether somebody who has everything up to `after` can be told the rest one by one."""
        return max(self.floor, self.seq - REPLAY) <= after <= self.seq


def head_of(row: Any) -> Head:
    """The head in a row of `topics`."""
    return Head(row.seq, row.epoch.decode(), row.floor)


_HEAD = select(TOPICS.c.seq, TOPICS.c.epoch, TOPICS.c.floor)
_EVENTS = select(
    EVENTS.c.seq,
    EVENTS.c.kind,
    EVENTS.c.resource_id,
    EVENTS.c.actor_id,
    EVENTS.c.at,
    EVENTS.c.data,
    EVENTS.c.revokes,
)


async def head(
    connection: AsyncConnection, topic: str, where: ColumnElement[bool] | None = None
) -> Head | None:
    """The head of a topic, or None; `where` adds a condition, such as membership, to the same statement."""
    statement = _HEAD.where(TOPICS.c.topic == topic.encode())
    row = (await connection.execute(statement if where is None else statement.where(where))).one_or_none()
    return row and head_of(row)


async def heads(connection: AsyncConnection, topics: Iterable[str]) -> dict[str, Head]:
    """The heads of several topics in one statement."""
    names = [topic.encode() for topic in topics]
    rows = await connection.execute(_HEAD.add_columns(TOPICS.c.topic).where(TOPICS.c.topic.in_(names)))
    return {row.topic.decode(): head_of(row) for row in rows}


async def read_several(
    connection: AsyncConnection, wanted: Mapping[str, tuple[int, str]]
) -> dict[str, list[Event]]:
    """Of each topic what follows a number, with the epoch given, in one statement.

    A topic's list may end early, or be empty, but it has no hole: what pruning has begun to take is not in
    it. Whoever needs more reads on alone: many who come back after an outage have missed much, and nobody
    else shall wait while all of that is read.
    """
    if not wanted:
        return {}
    found: dict[str, list[Event]] = {topic: [] for topic in wanted}
    after = [(EVENTS.c.topic == topic.encode()) & (EVENTS.c.seq > seq) for topic, (seq, _) in wanted.items()]
    statement = _EVENTS.add_columns(EVENTS.c.topic).where(or_(*after))
    ordered = statement.order_by(EVENTS.c.topic, EVENTS.c.seq).limit(ROWS)
    for row in (await connection.execute(ordered, execution_options=UNCACHED)).all():
        topic = row.topic.decode()
        seq, epoch = wanted[topic]
        if row.seq == seq + 1 + len(found[topic]):
            found[topic].append(from_row(row, topic, epoch))
    return found


async def read_after(
    connection: AsyncConnection, topic: str, after: int, limit: int
) -> tuple[list[Event], Head]:
    """Up to `limit` events with a number above `after`, and the head as it is once they are read.

    The head comes second: an event that pruning took while we read has a number at or below that `floor`.
    Raises NotFound when there is no such topic.
    """
    statement = _EVENTS.where(EVENTS.c.topic == topic.encode(), EVENTS.c.seq > after)
    rows = (await connection.execute(statement.order_by(EVENTS.c.seq).limit(limit))).all()
    place = await head(connection, topic)
    if place is None:
        raise NotFound
    return [from_row(row, topic, place.epoch) for row in rows], place


async def events_response(
    connection: AsyncConnection,
    topic: str,
    *,
    after: int,
    limit: int,
    epoch: str | None = None,
    where: ColumnElement[bool] | None = None,
) -> Response:
    """A page of a topic's log as `{items, next, seq, epoch}`; `next` is the `after` of the following page.

    `where` is who may read it. A page ends at the number at which that was checked: nobody gets what came
    after the end of their access. Raises NotFound when it does not hold, and LogPruned (410) when events
    between `after` and the page are gone, or the log has begun another life.
    """
    before = await head(connection, topic, where)
    if before is None:
        raise NotFound
    events, place = await read_after(connection, topic, after, limit)
    events = [event for event in events if event.seq <= before.seq]
    if after < place.floor or after > place.seq or (epoch is not None and epoch != place.epoch):
        raise LogPruned
    more = str(events[-1].seq) if events and events[-1].seq < before.seq else None
    tail = encode({"next": more, "seq": before.seq, "epoch": place.epoch})
    return json_response(b'{"items":[' + b",".join(event.item for event in events) + b"]," + tail[1:])
