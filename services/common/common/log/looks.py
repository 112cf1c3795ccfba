"""Looks at the log that begin at the same moment are one, so that a thousand sockets which come back at once
cost the database a few reads, whatever they follow."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement

from common.database import Database
from common.log import reader
from common.log.events import Event
from common.log.reader import Head
from common.together import Together

READERS = 4  # reads of the log that the hub has under way at once, so that it never exhausts the pool
RUSH = 24  # looks at once; a single socket asks for less
PAUSE = 0.2  # seconds in which more are gathered then


@dataclass(frozen=True)
class Look:
    """Where a topic stands (None: it does not exist, or the condition does not hold), and what comes first
    after the number that was named."""

    place: Head | None
    events: list[Event]


@dataclass(frozen=True, eq=False)
class _Ask:
    topic: str
    where: ColumnElement[bool] | None
    after: int | None


class Looks:
    """What subscriptions want to know of the log when they begin."""

    def __init__(self, database: Database) -> None:
        self.readers = asyncio.Semaphore(READERS)
        self._database = database
        self._together = Together(self._read, at_once=1, rush=RUSH, pause=PAUSE)

    async def at(
        self, topic: str, where: ColumnElement[bool] | None = None, after: int | None = None
    ) -> Look:
        """The head of a topic, under a condition such as membership, and events after a number if the log
        reaches back to it."""
        look = await self._together.get(_Ask(topic, where, after))
        assert look is not None  # noqa: S101 - every ask is answered
        return look

    async def close(self) -> None:
        """Wait for the read under way."""
        await self._together.close()

    async def _read(self, asks: Sequence[_Ask]) -> dict[_Ask, Look]:
        async with self.readers, self._database.read() as connection:
            heads = await reader.heads_where(connection, [(ask.topic, ask.where) for ask in asks])
            places = dict(zip(asks, heads, strict=True))
            events = await reader.read_several(connection, _missed(places))
        return {
            ask: Look(place, _after(ask.after, events.get(ask.topic, []))) for ask, place in places.items()
        }


def _missed(places: dict[_Ask, Head | None]) -> dict[str, tuple[int, str]]:
    """From where each topic has to be read so that all who ask have what they missed, and its epoch."""
    found: dict[str, tuple[int, str]] = {}
    for ask, place in places.items():
        if place is not None and ask.after is not None and ask.after < place.seq and place.reaches(ask.after):
            after, _ = found.get(ask.topic, (ask.after, ""))
            found[ask.topic] = min(after, ask.after), place.epoch
    return found


def _after(after: int | None, events: list[Event]) -> list[Event]:
    """Those that follow the number; none where others begin."""
    if after is None or not events or not events[0].seq <= after + 1 <= events[-1].seq:
        return []
    return events[after + 1 - events[0].seq :]
