"""One socket's subscription to one topic: registered paused, checked, replayed from the log, then joined
live."""

import asyncio
from typing import Protocol
from uuid import UUID

import structlog

from common.errors import ServiceError
from common.log import reader
from common.log.events import Event, Run, runs
from common.log.frames import ErrorFrame, Frame, Subscribed, Unsubscribed
from common.log.hub import Hub
from common.log.topic import Topic

logger = structlog.get_logger()


class Channel(Protocol):
    """What a subscription needs of its socket."""

    account_id: UUID
    starting: asyncio.Semaphore  # bounds the subscriptions of one socket that begin at the same time
    turn: asyncio.Lock  # lets them stand one by one, with a turn of the loop for everybody else between them
    reading: asyncio.Semaphore  # bounds the reads of one socket, so that it cannot keep the others waiting

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
    """A cursor of its own, until it is level with its topic: only cursor + 1 is ever sent."""

    def __init__(self, hub: Hub, channel: Channel, name: str) -> None:
        self.name = name
        self.cursor = 0
        self.live = False
        self._hub = hub
        self._channel = channel
        self._own = name == f"user:{channel.account_id}"  # nobody else's: there are no members to look for
        self._granted = 0  # access was checked when the log stood here: what revoked it before is history
        self._resume_from: tuple[int, str | None] | None = None
        self._began = False
        self._topic: Topic
        self._joined = False
        self._task: asyncio.Task[None] | None = None
        self._generation = 0  # counts its beginnings; what an older one still does has no effect

    def start(self, after: int | None, epoch: str | None) -> None:
        """Begin, from a known place or from now on."""
        self._begin_again(None if after is None else (after, epoch))

    def stop(self) -> None:
        """End it; nothing of the topic is sent after this."""
        self.halt()
        self._hub.leave(self.name, self)

    def restart(self) -> None:
        """The log was overtaken by pruning, or began another life: check again, say `recovered: false`."""
        self._begin_again((-1, None))

    def halt(self) -> None:
        """Do and send nothing more, until it begins again or is stopped."""
        self.live = False
        if self._joined:
            self._topic.level.pop(self, None)
        self._generation += 1
        if self._task is not None:
            self._task.cancel()

    def _begin_again(self, resume_from: tuple[int, str | None] | None) -> None:
        self.halt()
        self._resume_from = resume_from
        self._task = asyncio.create_task(self._run(self._generation))

    async def _run(self, generation: int) -> None:
        try:
            async with self._channel.starting:
                await self._channel.drained()  # whoever does not read is not read for
                if not self._joined:
                    self._joined, self._topic = True, self._hub.join(self.name, self)
                await asyncio.shield(self._topic.confirmed)
                while not await self._try(generation):
                    await asyncio.sleep(1)  # MySQL is away: the socket stays, the subscription waits
            if generation == self._generation:
                self._task = None  # an open subscription is little more than its cursor
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("subscription failed", topic=self.name)
            self._refuse()

    async def _try(self, generation: int) -> bool:
        """True when it stands, was refused, or is no longer wanted; false when MySQL is away."""
        try:
            after = None if self._resume_from is None else self._resume_from[0]
            member = None if self._own else self._channel.account_id
            look = await self._hub.looks.at(self.name, member=member, after=after)
            await asyncio.shield(self._topic.opened)  # by the same read as ours, the first time
            async with self._channel.turn:  # many were looked at together
                await asyncio.sleep(0)
            place = look.place
            if place is None and self._own:
                await self._hub.ensure(self.name)  # nothing has happened to this person yet
                return await self._try(generation)
            if generation != self._generation:
                pass
            elif place is None and self._began:
                self._end("removed")  # access was lost while the log was overtaken
            elif place is None:
                self._refuse()
            else:
                self._begin(place)
                await self._replay(generation, look.events)
            return True
        except ServiceError:
            return False

    def _begin(self, place: reader.Head) -> None:
        if self._topic.epoch == "":
            self._topic.compare(place, self._topic.cursor)
        self._topic.behind(place.seq)
        recovered = True
        self._granted = self.cursor = place.seq
        if self._resume_from is not None:
            after, epoch = self._resume_from
            recovered = place.reaches(after) and epoch in (None, place.epoch)
            self.cursor = after if recovered else place.seq
        self._channel.send(Subscribed(topic=self.name, seq=place.seq, epoch=place.epoch, recovered=recovered))
        if not self._began:
            self._began = True
            self._channel.began(self.name)
        self._resume_from = (self.cursor, place.epoch)

    async def _replay(self, generation: int, events: list[Event]) -> None:
        """Send what was missed, paced by the socket; join live in the turn in which both cursors meet."""
        while self.cursor < max(self._topic.cursor, self._granted):
            if not events or events[0].seq != self.cursor + 1:
                events = await self._read_on(generation)
            for run in runs(events):
                if not self._take(run):
                    return
                self._resume_from = (self.cursor, self._topic.epoch)  # should a read fail, go on from here
                await self._channel.drained()
                if generation != self._generation:
                    return
            if not events:
                return
            events = []
        self.live = True
        self._join_if_level()

    async def _read_on(self, generation: int) -> list[Event]:
        """What comes next in the log; nothing when there is no point in going on."""
        async with self._channel.reading:
            events, place = await self._topic.read_on(self.cursor)
        if generation != self._generation:
            return []
        if place.floor > self.cursor or place.epoch != self._topic.epoch or not events:
            self._hub.compare_soon()
            self.restart()
            return []
        return events

    def _join_if_level(self) -> None:
        """From here on everything may be written as it comes. (What was read for this subscription may be
        ahead of the topic.)"""
        if self.cursor == self._topic.cursor:
            self._topic.level[self] = self._channel.write

    def offer(self, run: Run) -> None:
        """The topic's next events, live: they have to be looked at, or some of them have been sent."""
        if self.live:
            if self in self._topic.level:
                self.cursor = run.first - 1
            if self._take(run):
                self._join_if_level()

    def signal(self, frame: bytes, only: UUID | None) -> None:
        """Something ephemeral: only for those who are there."""
        if self.live and only in (None, self._channel.account_id):
            self._channel.write(frame)

    def _take(self, run: Run) -> bool:
        """Send what follows the cursor, in one write unless somebody's access ends in it; false when this
        account's does."""
        if run.first == self.cursor + 1 and not run.revokes:
            self._channel.write(run.frames)
            self.cursor = run.last
            return True
        return all(self._send(event) for event in run.events if event.seq == self.cursor + 1)

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
        self.halt()
        self._hub.leave(self.name, self)
        self._channel.ended(self.name)

    def _refuse(self) -> None:
        detail = "There is no such topic, or it is not yours."
        self._channel.send(ErrorFrame(ref_op="subscribe", topic=self.name, code="not-found", detail=detail))
        self.halt()
        self._hub.leave(self.name, self)
        self._channel.ended(self.name)
