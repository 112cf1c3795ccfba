"""`python -m tests.faults.broken FAULT SERVICE`: the service with a fault in it, for the checker to find.

The faults are put in from outside: nothing in the product knows of them.
"""

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import Any

from common import follow
from common.identity import Verifier
from common.log.events import Event
from common.log.transaction import Tx
from common.log.writer import Writer

EVERY = 3  # events, of which the last has the bad luck
EARLY_SECONDS = 0.2  # from a publication to its commit
LATE_SECONDS = 3.0  # that a follower takes its time

_frame: Callable[[Event], bytes] = Event.__dict__["frame"].func


def dropped() -> None:
    """One event in three does not reach the sockets, and nobody notices."""
    _send_instead(lambda event: b"" if _unlucky(event.seq) else _frame(event))


def doubled() -> None:
    """One event in three is sent twice."""
    _send_instead(lambda event: _frame(event) * (2 if _unlucky(event.seq) else 1))


def swapped() -> None:
    """One event in three is sent after the one that follows it."""
    held: dict[tuple[str, int], bytes] = {}

    def frame(event: Event) -> bytes:
        if _unlucky(event.seq):
            held[event.topic, event.seq] = _frame(event)
            return b""
        return _frame(event) + held.get((event.topic, event.seq - 1), b"")

    _send_instead(frame)


def _unlucky(seq: int) -> bool:
    return seq % EVERY == 0


def _send_instead(frame: Callable[[Event], bytes]) -> None:
    """These bytes of an event go to sockets: live, and when they resume."""
    Event.frame = property(frame)  # type: ignore[assignment]  # that is the fault


def early() -> None:
    """An event is published before its transaction is committed."""
    publish: list[Callable[[list[Event]], None]] = []
    begin, flush = Writer.__init__, Tx.flush

    def init(self: Writer, *arguments: Any) -> None:
        begin(self, *arguments)
        publish.append(self._publish)

    async def published(self: Tx) -> list[Event]:
        events = await flush(self)
        publish[0](events)
        await asyncio.sleep(EARLY_SECONDS)
        return events

    Writer.__init__ = init  # type: ignore[assignment,method-assign]  # that is the fault
    Tx.flush = published  # type: ignore[method-assign]  # that is the fault


def open_door() -> None:
    """Whoever asks may follow a list."""
    access: Any = importlib.import_module("common.log.access")
    reader: Any = importlib.import_module("common.log.reader")

    async def look(_: object, connection: object, topics: object, asked: list[object]) -> Any:
        return await reader.heads(connection, topics), set(asked)

    access.Members.look = look


def deaf() -> None:
    """The end of a session is not heard."""

    async def check_session(self: Verifier, session_id: object) -> None:
        pass

    Verifier.check_session = check_session  # type: ignore[method-assign]  # that is the fault


def late() -> None:
    """What another service has said is read too late."""
    catch_up = follow.Follower.catch_up

    async def later(self: follow.Follower) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await catch_up(self)

    follow.Follower.catch_up = later  # type: ignore[method-assign]  # that is the fault


FAULTS = {each.__name__: each for each in (dropped, doubled, swapped, early, open_door, deaf, late)}


if __name__ == "__main__":
    _, fault, service = sys.argv
    sys.argv = [service]
    FAULTS[fault]()
    settings = importlib.import_module(f"{service}.settings").Settings
    importlib.import_module("common.serve").main(service, settings)
