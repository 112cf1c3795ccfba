"""`python -m tests.faults.broken FAULT SERVICE`: the service with a fault in it, for the checker to find.

The faults are put in from outside: nothing in the product knows of them.
"""

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import Any

from common.identity import Verifier
from common.log.events import Event
from common.log.subscription import Subscription
from common.log.transaction import Tx
from common.log.writer import Writer

EVERY = 10  # events, of which the last has the bad luck
EARLY_SECONDS = 0.05  # from a publication to its commit

_send = Subscription._send


def dropped() -> None:
    """One event in ten does not reach the socket, and nobody notices."""

    def send(self: Subscription, event: Event) -> bool:
        if event.seq % EVERY == 0:
            self.cursor = event.seq
            return True
        return _send(self, event)

    Subscription._send = send  # type: ignore[method-assign]  # that is the fault


def doubled() -> None:
    """One event in ten is sent twice."""

    def send(self: Subscription, event: Event) -> bool:
        if event.seq % EVERY == 0:
            self._channel.write(event.frame)
        return _send(self, event)

    Subscription._send = send  # type: ignore[method-assign]  # that is the fault


def swapped() -> None:
    """One event in ten is sent after the one that follows it."""
    held: dict[int, Event] = {}

    def send(self: Subscription, event: Event) -> bool:
        if event.seq % EVERY == 0:
            held[id(self)] = event
            self.cursor = event.seq
            return True
        sent = _send(self, event)
        if (late := held.pop(id(self), None)) is not None:
            self._channel.write(late.frame)
        return sent

    Subscription._send = send  # type: ignore[method-assign]  # that is the fault


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


FAULTS = {each.__name__: each for each in (dropped, doubled, swapped, early, open_door, deaf)}


if __name__ == "__main__":
    _, fault, service = sys.argv
    sys.argv = [service]
    FAULTS[fault]()
    settings = importlib.import_module(f"{service}.settings").Settings
    importlib.import_module("common.serve").main(service, settings)
