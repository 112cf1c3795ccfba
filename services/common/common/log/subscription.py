"""One socket's subscription to one topic: registered paused, checked, replayed from the log, then joined
live."""

import asyncio
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement

from common.errors import ServiceError
from common.log import reader
from common.log.events import Event
from common.log.frames import ErrorFrame, Frame, Subscribed, Unsubscribed
from common.log.hub import PAGE, Hub, Topic
from common.log.wire import text_frame
from common.schemas import encode

REPLAY = 1000  # events that a client may have missed and still get one by one

logger = structlog.get_logger()


class Channel(Protocol):
    """What a subscription needs of its socket."""

    account_id: UUID

    def write(self, frame: bytes) -> None:
        """Write a prepared frame."""

    def send(self, frame: Frame) -> None:
        """Write a frame of our own."""

    def ended(self, topic: str) -> None:
        """The subscription has ended by itself."""

    def began(self, topic: str) -> None:
        """The subscription stands."""

    async def drained(self) -> None:
        """Wait until the socket takes more."""


class Subscription:
    """A cursor of its own: only cursor + 1 is ever sent."""

    def __init__(self, hub: Hub, channel: Channel, name: str, access: ColumnElement[bool]) -> None:
        self.name = name
        self.cursor = 0
        self.live = False
        self._hub = hub
        self._channel = channel
        self._access = access
        self._granted = 0  # access was checked when the log stood here: what revoked it before is history
        self._asked: tuple[int, str | None] | None = None
        self._began = False
        self._topic: Topic = hub.join(name, self)
        self._task: asyncio.Task[None] | None = None

    def start(self, after: int | None, epoch: str | None) -> None:
        """Begin, from a known place or from now on."""
        self._asked = None if after is None else (after, epoch)
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """End it; nothing of the topic is sent after this."""
        self.live = False
        if self._task is not None:
            self._task.cancel()
        self._hub.leave(self.name, self)

    def restart(self) -> None:
        """The log was overtaken by pruning, or began another life: check access again and say `recovered:
        false`."""
        self.live = False
        if self._task is not None:
            self._task.cancel()
        self._asked = (-1, None)
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await asyncio.shield(self._topic.opened)
            while not await self._try():
                await asyncio.sleep(1)  # MySQL is away: the socket stays, the subscription waits
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("subscription failed", topic=self.name)
            self._refuse()

    async def _try(self) -> bool:
        try:
            async with self._hub.reading(), self._hub.database.read() as connection:
                place = await reader.head(connection, self.name, self._access)
            if place is None and self.name == f"user:{self._channel.account_id}":
                await self._hub.ensure(self.name)  # nothing has happened to this person yet
                return await self._try()
            if place is None:
                self._refuse()
                return True
            self._begin(place)
            await self._replay()
            return True
        except ServiceError:
            return False

    def _begin(self, place: reader.Head) -> None:
        if self._topic.epoch == "":
            self._topic.compare(place)
        self._topic.behind(place.seq)
        recovered = True
        self._granted = self.cursor = place.seq
        if self._asked is not None:
            after, epoch = self._asked
            recovered = max(place.floor, place.seq - REPLAY) <= after <= place.seq and epoch in (
                None,
                place.epoch,
            )
            self.cursor = after if recovered else place.seq
        self._channel.send(Subscribed(topic=self.name, seq=place.seq, epoch=place.epoch, recovered=recovered))
        if not self._began:
            self._began = True
            self._channel.began(self.name)
        self._asked = (self.cursor, place.epoch)  # should a read fail now, go on from here

    async def _replay(self) -> None:
        """Send what was missed, paced by the socket; join live in the turn in which both cursors meet."""
        while self.cursor < max(self._topic.cursor, self._granted):
            async with self._hub.reading(), self._hub.database.read() as connection:
                events, place = await reader.read_after(connection, self.name, self.cursor, PAGE)
            if place.floor > self.cursor or place.epoch != self._topic.epoch or not events:
                self._hub.compare_soon()
                self.restart()
                return
            for event in events:
                if not self._send(event):
                    return
            await self._channel.drained()
        self.live = True

    def offer(self, event: Event) -> None:
        """The topic's next event, live."""
        if self.live and event.seq == self.cursor + 1:
            self._send(event)

    def signal(self, kind: str, data: bytes, only: UUID | None) -> None:
        """Something ephemeral: only for those who are there."""
        if self.live and only in (None, self._channel.account_id):
            head = encode({"op": "signal", "topic": self.name, "kind": kind})
            self._channel.write(text_frame(head[:-1] + b',"data":' + data + b"}"))

    def _send(self, event: Event) -> bool:
        """Send one event, unless it ends this account's access: then that is what is said instead."""
        if event.seq > self._granted and event.revokes_account(self._channel.account_id):
            self._end("deleted" if event.revokes == "all" else "removed")
            return False
        self._channel.write(event.frame)
        self.cursor = event.seq
        return True

    def _end(self, reason: str) -> None:
        self._channel.send(Unsubscribed.model_validate({"topic": self.name, "reason": reason}))
        self.live = False
        self._hub.leave(self.name, self)
        self._channel.ended(self.name)

    def _refuse(self) -> None:
        detail = "There is no such topic, or it is not yours."
        self._channel.send(ErrorFrame(ref_op="subscribe", topic=self.name, code="not-found", detail=detail))
        self.live = False
        self._hub.leave(self.name, self)
        self._channel.ended(self.name)
