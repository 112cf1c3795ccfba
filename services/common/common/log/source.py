"""Another service's log, as a follower reads it: over HTTP, or from our own database when it is our own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import httpx
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from common.database import Database
from common.errors import NotFound, Unavailable
from common.log import reader
from common.log.reader import LogPruned

PAGE = 200

SnapshotPage = Callable[
    [AsyncConnection, str | None, int], Awaitable[tuple[list[dict[str, Any]], str | None]]
]
"""(connection, cursor, limit) → items and the next cursor. Every item has an `id`."""


@dataclass(frozen=True)
class FollowedEvent:
    """An event of a followed log."""

    seq: int
    kind: str
    resource_id: UUID
    actor_id: UUID | None
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class LogPage:
    """A page of a followed log."""

    events: list[FollowedEvent]
    more: bool
    seq: int  # the head of the log
    epoch: str


class Snapshot:
    """All items of a snapshot, page by page. `seq` and `epoch` are the first page's: read before any row."""

    def __init__(self, page: Callable[[str | None], Awaitable[dict[str, Any]]]) -> None:
        self.seq = 0
        self.epoch = ""
        self._page = page

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        cursor, first = None, True
        while first or cursor is not None:
            page = await self._page(cursor)
            if first:
                self.seq, self.epoch, first = page["seq"], page["epoch"], False
            for item in page["items"]:
                yield item
            cursor = page["next"]


class Source(Protocol):
    """Where a log is read."""

    async def page(self, topic: str, after: int, epoch: str) -> LogPage:
        """What follows `after`. Raises LogPruned when that is gone or of another life, Unavailable when it
        is away."""

    def snapshot(self, topic: str) -> Snapshot:
        """The state that the log has led to."""


def _event(item: dict[str, Any]) -> FollowedEvent:
    actor = item["actor_id"]
    return FollowedEvent(
        seq=item["seq"],
        kind=item["kind"],
        resource_id=UUID(item["resource_id"]),
        actor_id=UUID(actor) if actor else None,
        at=datetime.fromisoformat(item["at"]),
        data=item["data"],
    )


class HttpSource:
    """A log of another service."""

    def __init__(self, client: httpx.AsyncClient, service: str) -> None:
        self._client = client
        self._path = f"/api/{service}/internal"

    async def page(self, topic: str, after: int, epoch: str) -> LogPage:
        """See Source."""
        parameters = {"after": str(after), "limit": str(PAGE), "epoch": epoch}
        body = await self._get(f"{self._path}/log/{topic}", parameters)
        return LogPage(
            [_event(item) for item in body["items"]], body["next"] is not None, body["seq"], body["epoch"]
        )

    def snapshot(self, topic: str) -> Snapshot:
        """See Source."""

        async def page(cursor: str | None) -> dict[str, Any]:
            parameters = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
            return await self._get(f"{self._path}/snapshot/{topic}", parameters)

        return Snapshot(page)

    async def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        answer = await self._client.get(path, params=parameters)
        if answer.status_code == 410:
            raise LogPruned
        if answer.status_code != 200:
            raise Unavailable(f"{path} answered {answer.status_code}.")
        body: dict[str, Any] = orjson.loads(answer.content)
        return body


async def snapshot_page(
    database: Database, topic: str, read: SnapshotPage, cursor: str | None, limit: int
) -> dict[str, Any]:
    """One page of a snapshot of our own: the head first, then the rows."""
    async with database.read() as connection:
        place = await reader.head(connection, topic)
        if place is None:
            raise NotFound
        items, following = await read(connection, cursor, limit)
    return {"items": items, "next": following, "seq": place.seq, "epoch": place.epoch}


class LocalSource:
    """A log of this service itself."""

    def __init__(self, database: Database, feeds: dict[str, SnapshotPage]) -> None:
        self._database = database
        self._feeds = feeds

    async def page(self, topic: str, after: int, epoch: str) -> LogPage:
        """See Source."""
        async with self._database.read() as connection:
            events, place = await reader.read_after(connection, topic, after, PAGE)
        if after < place.floor or after > place.seq or epoch != place.epoch:
            raise LogPruned
        followed = [
            FollowedEvent(e.seq, e.kind, e.resource_id, e.actor_id, e.at, orjson.loads(e.resource))
            for e in events
        ]
        return LogPage(followed, bool(events) and events[-1].seq < place.seq, place.seq, place.epoch)

    def snapshot(self, topic: str) -> Snapshot:
        """See Source."""
        return Snapshot(lambda cursor: snapshot_page(self._database, topic, self._feeds[topic], cursor, PAGE))
