"""Looks at the log that begin at the same moment are one, so that a thousand sockets which come back at once
cost the database a few reads, whatever they follow."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from common.log import reader
from common.log.access import Access, Membership
from common.log.events import Event
from common.log.reader import Head
from common.shared_read import SharedRead

READS = 8  # that begin as soon as somebody asks, in any
PERIOD = 1.0  # seconds; beyond that, more are gathered for
GATHER = 0.2  # seconds

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@dataclass(frozen=True)
class Look:
    """Where a topic stands (None: it does not exist, or is not theirs), and what comes first after the number
    that was named."""

    place: Head | None
    events: list[Event]


@dataclass(frozen=True, eq=False)
class _Ask:
    topic: str
    member: UUID | None  # who asks, if that matters
    after: int | None


class Looks:
    """What subscriptions want to know of the log when they begin."""

    def __init__(self, connect: Connect, access: Access | None) -> None:
        self._connect = connect
        self._access = access
        self._together = SharedRead(self._read, at_once=1)
        self._reads: deque[float] = deque(maxlen=READS)  # when the last ones began
        self._gathered: asyncio.Event | None = None

    async def at(self, topic: str, *, member: UUID | None = None, after: int | None = None) -> Look:
        """The head of a topic, if that account may follow it, and events after a number if the log reaches
        back to it."""
        await self._gather()
        look = await self._together.get(_Ask(topic, member, after))
        assert look is not None  # noqa: S101 - every ask is answered
        return look

    async def close(self) -> None:
        """Wait for the read under way."""
        await self._together.close()

    async def _gather(self) -> None:
        """When much has been read already, wait with all others who ask, so that one read serves them.

        In a rush it is the reads that cost, and each of them is short: without waiting, hardly anybody would
        share one.
        """
        loop = asyncio.get_running_loop()
        if self._gathered is None:
            if len(self._reads) < READS or loop.time() - self._reads[0] >= PERIOD:
                return
            self._gathered = asyncio.Event()
            loop.call_later(GATHER, self._depart)
        await self._gathered.wait()

    def _depart(self) -> None:
        if self._gathered is not None:
            self._gathered.set()
            self._gathered = None

    async def _read(self, asks: Sequence[_Ask]) -> dict[_Ask, Look]:
        self._reads.append(asyncio.get_running_loop().time())
        async with self._connect() as connection:
            places = await self._places(connection, asks)
            events = await reader.read_several(connection, _missed(places))
        return {
            ask: Look(place, _after(ask.after, events.get(ask.topic, []))) for ask, place in places.items()
        }

    async def _places(self, connection: AsyncConnection, asks: Sequence[_Ask]) -> dict[_Ask, Head | None]:
        """Where each topic stands for who asks; what has to be known of members is of the same moment."""
        topics = {ask.topic for ask in asks}
        asked = {ask: self._membership(ask) for ask in asks if ask.member is not None}
        if self._access is None or not asked:
            heads, found = await reader.heads(connection, topics), set[Membership]()
        else:
            heads, found = await self._access.look(
                connection, topics, {each for each in asked.values() if each}
            )
        return {
            ask: heads.get(ask.topic) if ask.member is None or asked[ask] in found else None for ask in asks
        }

    def _membership(self, ask: _Ask) -> Membership | None:
        about = None if self._access is None else self._access.about(ask.topic)
        return None if about is None or ask.member is None else (about, ask.member)


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
