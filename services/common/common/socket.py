"""One open WebSocket of one session: what it is sent, and the topics it follows."""

import asyncio
from typing import Literal, Protocol
from uuid import UUID

from common import metrics
from common.clock import now
from common.identity import Identity
from common.log.frames import Close, ErrorFrame, Frame, Ready, Subscribe
from common.log.hub import Hub
from common.log.subscription import Subscription
from common.log.wire import Wire, text_frame

TOPICS = 500  # subscriptions of one socket
STARTING = 64  # of them that begin at the same time: a flood of them leaves others their turn
READING = 2  # of them that read on in the log at the same time


Code = Literal["not-found", "too-many-topics", "invalid-frame"]


class Home(Protocol):
    """What a socket needs of the process it lives in."""

    hub: Hub

    def may_ask(self, account_id: UUID, topic: str) -> bool:
        """Whether the topic is the account's own, or one that has members."""

    def subscribed(self, socket: "Socket", topic: str) -> None:
        """A subscription stands."""

    def unsubscribed(self, socket: "Socket", topic: str) -> None:
        """A subscription that stood, or was about to, has ended."""


class Socket:
    """One open WebSocket of one session."""

    def __init__(self, home: Home, wire: Wire, identity: Identity) -> None:
        self.account_id = identity.account_id
        self.session_id = identity.session_id
        self.topics: dict[str, Subscription] = {}
        self.starting = asyncio.Semaphore(STARTING)
        self.turn = asyncio.Lock()
        self.reading = asyncio.Semaphore(READING)
        self._home = home
        self._wire = wire
        self._expiry: asyncio.TimerHandle | None = None
        self.accept(identity)

    def accept(self, identity: Identity) -> None:
        """Answer a good token, the first or a fresh one, and close when it expires without another."""
        if self._expiry is not None:
            self._expiry.cancel()
        seconds = (identity.expires_at - now()).total_seconds()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(max(0, seconds), self.close, Close.TOKEN_EXPIRED, "token expired")
        self.send(Ready(account_id=self.account_id, expires_at=identity.expires_at))

    def write(self, frame: bytes) -> None:
        """Write a prepared frame. A socket that does not read is closed: it resumes later, and nothing is
        lost."""
        if not self._wire.write(frame):
            metrics.SLOW_READERS.inc()
            self.close(Close.TOO_SLOW, "too slow")

    @property
    def outbound(self) -> int:
        """Bytes that the peer has not taken yet."""
        return self._wire.buffered()

    def send(self, frame: Frame) -> None:
        """Write a frame of our own."""
        self.write(text_frame(frame.model_dump_json().encode()))

    def close(self, code: int, reason: str) -> None:
        """Close, without waiting."""
        self._wire.close(code, reason)

    async def drained(self) -> None:
        """Wait until the socket takes more."""
        await self._wire.drained()

    def subscribe(self, frame: Subscribe) -> None:
        """Follow a topic; a subscription to the same one begins again."""
        self.unsubscribe(frame.topic)
        if len(self.topics) >= TOPICS:
            self.refuse(
                frame.op, frame.topic, "too-many-topics", f"A socket follows at most {TOPICS} topics."
            )
            return
        if not self._home.may_ask(self.account_id, frame.topic):
            self.refuse(frame.op, frame.topic, "not-found", "There is no such topic, or it is not yours.")
            return
        subscription = self.topics[frame.topic] = Subscription(self._home.hub, self, frame.topic)
        subscription.start(frame.after, frame.epoch)

    def unsubscribe(self, topic: str) -> None:
        """Follow it no longer."""
        if (subscription := self.topics.get(topic)) is not None:
            subscription.stop()
            self.ended(topic)

    def began(self, topic: str) -> None:
        """A subscription stands."""
        self._home.subscribed(self, topic)

    def ended(self, topic: str) -> None:
        """A subscription has ended."""
        if self.topics.pop(topic, None) is not None:
            self._home.unsubscribed(self, topic)

    def refuse(self, op: str | None, topic: str | None, code: Code, detail: str) -> None:
        """Say that a frame was refused; the socket lives."""
        self.send(ErrorFrame(ref_op=op, topic=topic, code=code, detail=detail))

    async def end(self) -> None:
        """Give everything back. Those who followed much leave others their turn between."""
        if self._expiry is not None:
            self._expiry.cancel()
        for subscription in self.topics.values():
            subscription.halt()
        for topic in list(self.topics):
            self.unsubscribe(topic)
            await asyncio.sleep(0)
