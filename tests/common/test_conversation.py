"""Frames are answered in their order, by a task that lives no longer than they do."""

import asyncio
from typing import Any, cast

import pytest

from common.conversation import BURST, FRAMES_A_SECOND, WAITING, Conversation, Pace
from common.identity import Verifier
from common.log.frames import Close
from common.log.wire import Wire
from common.socket import Socket
from tests.support import eventually

GONE = {"type": "websocket.disconnect", "code": 1005}


class Line:
    """A wire and a socket that only remember."""

    def __init__(self) -> None:
        self.closing = False
        self.resumed = 0
        self.said: list[str] = []
        self.closed: list[int] = []
        self.left = 0
        self.go_on = asyncio.Event()
        self.conversation = Conversation(
            cast(Socket, self), cast(Wire, self), cast(Verifier, None), {"typing": self._typing}, self._left
        )

    def hear(self, *texts: str) -> None:
        for text in texts:
            self.conversation.take({"type": "websocket.receive", "text": text})

    def resume(self) -> None:
        self.resumed += 1

    def send(self, frame: Any) -> None:
        self.said.append(frame.op)

    def close(self, code: int, reason: str) -> None:  # noqa: ARG002 - the socket's interface
        self.closing = True
        self.closed.append(code)
        self.conversation.take(GONE)

    async def _typing(self, *_: object) -> None:
        await self.go_on.wait()
        self.said.append("typed")

    def _left(self, _: Socket) -> None:
        self.left += 1


async def test_a_flood_leaves_others_their_turn() -> None:
    """As many frames as are answered soon are not answered in one turn of the loop."""
    line = Line()
    line.hear(*['{"op":"ping"}'] * BURST)
    turns = 0
    while len(line.said) < BURST:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= BURST


async def test_beyond_what_is_answered_soon_frames_wait_for_their_time() -> None:
    line = Line()
    loop = asyncio.get_running_loop()
    began = loop.time()
    line.hear(*['{"op":"ping"}'] * (BURST + 10))

    async def answered() -> bool:
        return len(line.said) == BURST + 10

    await eventually(answered)
    assert loop.time() - began > 9 / FRAMES_A_SECOND


async def test_who_sends_more_at_once_than_may_wait_is_sent_away() -> None:
    """Tiny frames are many before anything can keep the rest from being read; they are not kept either."""
    line = Line()
    line.hear(*["{}"] * WAITING)
    assert line.closed == []
    line.hear("{}", "{}")

    async def over() -> bool:
        return line.left == 1

    await eventually(over)
    assert line.closed == [Close.PROTOCOL_VIOLATION]


async def test_frames_wait_for_the_one_before() -> None:
    """While one is being answered nothing more is read, and what was read waits."""
    line = Line()
    line.hear('{"op":"typing","topic":"room"}', '{"op":"ping"}')
    await asyncio.sleep(0)
    assert (line.said, line.resumed) == ([], 0)
    line.go_on.set()

    async def answered() -> bool:
        return line.resumed == 1

    await eventually(answered)
    assert line.said == ["typed", "pong"]
    line.hear('{"op":"ping"}')

    async def again() -> bool:
        return line.resumed == 2

    await eventually(again)
    assert line.said == ["typed", "pong", "pong"]


async def test_nothing_is_answered_after_the_end() -> None:
    """A frame that breaks the protocol is the last one; its end is told once."""
    line = Line()
    line.hear("no JSON", '{"op":"ping"}')
    line.conversation.take(GONE)

    async def over() -> bool:
        return line.left == 1

    await eventually(over)
    line.conversation.take(GONE)
    line.hear('{"op":"ping"}')
    await asyncio.sleep(0)
    assert (line.said, line.closed, line.left) == ([], [Close.PROTOCOL_VIOLATION], 1)


async def test_a_failing_frame_sends_the_client_back() -> None:
    """It comes back and asks again, instead of waiting for an answer."""
    line = Line()

    def fails(_: Any) -> None:
        raise RuntimeError

    line.send = fails  # type: ignore[assignment, method-assign]  # this line is cut
    line.hear('{"op":"ping"}')

    async def over() -> bool:
        return line.left == 1

    await eventually(over)
    assert line.closed == [Close.GOING_AWAY]


def test_a_socket_that_never_stops_is_answered_at_a_pace() -> None:
    pace = Pace()
    at_once = sum(pace.wait(now=10.0) < 1e-6 for _ in range(2 * BURST))
    assert at_once == BURST, "all of its topics, and no more"
    waits = [pace.wait(now=1_000.0 + second) for second in range(3) for _ in range(FRAMES_A_SECOND)]
    assert waits == [0.0] * len(waits), "in time it may do the same again"


def test_what_is_beyond_the_pace_waits_for_its_time() -> None:
    pace, now, answered = Pace(), 0.0, 0
    while now < 60:
        now += pace.wait(now)
        answered += 1
    assert answered == pytest.approx(BURST + 60 * FRAMES_A_SECOND, rel=0.01)
