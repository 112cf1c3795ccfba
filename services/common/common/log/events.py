"""One event: as a row, as the frame that sockets get, and as the publication that travels over Redis."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

import orjson

from common.log.wire import text_frame
from common.schemas import encode

RUN_BYTES = 64 * 1024  # written to a socket at once, unless one event alone is larger

Revokes = Literal["all"] | Sequence[UUID] | None
"""Whose access to the topic ends with the event."""


@dataclass(frozen=True)
class Event:
    """What happened to one resource, as number `seq` of its topic."""

    topic: str
    epoch: str
    seq: int
    kind: str
    resource_id: UUID
    actor_id: UUID | None
    at: datetime
    data: bytes  # the encoded resource after the change; empty once the resource was deleted
    revokes: Revokes = None

    def revokes_account(self, account_id: UUID) -> bool:
        """Whether this event ends that account's access."""
        return self.revokes is not None and (self.revokes == "all" or account_id in self.revokes)

    @property
    def resource(self) -> bytes:
        """The resource as JSON. What was emptied looks as its deletion does: id and version only."""
        return self.data or encode({"id": str(self.resource_id), "version": self.seq})

    def _about(self) -> dict[str, Any]:
        return {"seq": self.seq, "kind": self.kind, "at": self.at, "actor_id": self.actor_id}

    @cached_property
    def frame(self) -> bytes:
        """The WebSocket frame of the event, built once for all sockets."""
        return text_frame(_join({"op": "event", "topic": self.topic} | self._about(), self.resource))

    @property
    def item(self) -> bytes:
        """The JSON of the event in a page of the log."""
        return _join(self._about() | {"resource_id": self.resource_id}, self.resource)

    def publication(self, traceparent: str | None = None) -> bytes:
        """What is published: a line about the event, then its data as it is."""
        about: dict[str, Any] = {} if traceparent is None else {"traceparent": traceparent}
        about |= {
            "topic": self.topic,
            "epoch": self.epoch,
            "seq": self.seq,
            "kind": self.kind,
            "resource_id": self.resource_id,
            "actor_id": self.actor_id,
            "at": self.at,
            "revokes": self.revokes,
        }
        return encode(about) + b"\n" + self.data


def signal_frame(topic: str, kind: str, data: bytes) -> bytes:
    """The WebSocket frame of something ephemeral, which has no number."""
    return text_frame(encode({"op": "signal", "topic": topic, "kind": kind})[:-1] + b',"data":' + data + b"}")


@dataclass(frozen=True)
class Run:
    """Consecutive events of one topic, which go to a socket in one write."""

    events: Sequence[Event]

    @cached_property
    def first(self) -> int:
        """The number of the first."""
        return self.events[0].seq

    @cached_property
    def last(self) -> int:
        """The number of the last."""
        return self.events[-1].seq

    @cached_property
    def frames(self) -> bytes:
        """Their frames, joined once for all sockets."""
        return b"".join(event.frame for event in self.events)

    @cached_property
    def revokes(self) -> bool:
        """Whether one of them ends somebody's access: then each has to be looked at."""
        return any(event.revokes is not None for event in self.events)


def runs(events: Sequence[Event]) -> Iterator[Run]:
    """Consecutive events in runs of a bounded size."""
    begin = size = 0
    for end, event in enumerate(events):
        size += len(event.frame)
        if size > RUN_BYTES and end > begin:
            yield Run(events[begin:end])
            begin, size = end, len(event.frame)
    if events:
        yield Run(events[begin:])


def _join(fields: dict[str, Any], data: bytes) -> bytes:
    return encode(fields)[:-1] + b',"data":' + data + b"}"


def from_publication(about: dict[str, Any], data: bytes) -> Event:
    """The event of a publication; raises KeyError or ValueError when it is not one of ours."""
    return Event(
        topic=about["topic"],
        epoch=about["epoch"],
        seq=about["seq"],
        kind=about["kind"],
        resource_id=UUID(about["resource_id"]),
        actor_id=UUID(about["actor_id"]) if about["actor_id"] else None,
        at=datetime.fromisoformat(about["at"]).astimezone(UTC),
        data=data,
        revokes=_revokes(about["revokes"]),
    )


def from_row(row: Any, topic: str, epoch: str) -> Event:
    """The event of a row of `events`."""
    return Event(
        topic=topic,
        epoch=epoch,
        seq=row.seq,
        kind=row.kind.decode(),
        resource_id=row.resource_id,
        actor_id=row.actor_id,
        at=row.at,
        data=bytes(row.data),
        revokes=_revokes(orjson.loads(row.revokes)) if row.revokes else None,
    )


def _revokes(value: Any) -> Revokes:
    return value if value is None or value == "all" else tuple(UUID(account) for account in value)
