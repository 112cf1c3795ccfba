"""A socket as the hub sees it, which only remembers what it was sent."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

from common.ids import new_id
from common.log.frames import Frame
from common.log.hub import Hub
from common.log.subscription import Subscription


class Screen:
    """A socket that only remembers what it was sent."""

    def __init__(self, account_id: UUID | None = None) -> None:
        self.account_id = account_id or new_id()
        self.starting = asyncio.Semaphore(8)
        self.turn = asyncio.Lock()
        self.reading = asyncio.Semaphore(2)
        self.frames: list[dict[str, object]] = []
        self.over = False
        self.writes = 0

    def write(self, frames: bytes) -> None:
        self.writes += 1
        self.frames += [json.loads(payload) for payload in payloads(frames)]

    def send(self, frame: Frame) -> None:
        self.frames.append(frame.model_dump(mode="json"))

    def began(self, topic: str) -> None:
        pass

    def ended(self, topic: str) -> None:  # noqa: ARG002 - the socket's interface
        self.over = True

    async def drained(self) -> None:
        await asyncio.sleep(0)

    def seqs(self) -> list[int]:
        return [int(str(frame["seq"])) for frame in self.frames if frame["op"] == "event"]

    def ops(self) -> list[object]:
        return [frame["op"] for frame in self.frames]


def payloads(frames: bytes) -> Iterator[bytes]:
    """What one write carries: one frame or several."""
    while frames:
        head = {126: 4, 127: 10}.get(frames[1], 2)
        size = int.from_bytes(frames[2:head]) if head > 2 else frames[1]
        yield frames[head : head + size]
        frames = frames[head + size :]


def subscribe(
    hub: Hub, screen: Screen, topic: str, after: int | None = None, epoch: str | None = None
) -> Subscription:
    """Follow a topic, from where the client says it is."""
    subscription = Subscription(hub, screen, topic)
    subscription.start(after, epoch)
    return subscription


def sees(screen: Screen, seqs: list[int]) -> Callable[[], Awaitable[bool]]:
    """What to wait for: it was sent exactly these numbers."""

    async def condition() -> bool:
        return screen.seqs() == seqs

    return condition
