"""What Redis brings to a topic at moments that chance rarely gives: made on purpose, each once went wrong."""

from typing import Any
from uuid import UUID

import pytest

from common.log import reader
from common.log.events import Run
from common.log.transaction import Tx
from tests.common.conftest import Log, create, note
from tests.support import eventually

TOPIC = "list:0190c000-0000-7000-8000-000000000001"


async def write(tx: Tx) -> int:
    return await note(tx, TOPIC, "x")


class Seen:
    """A subscriber that only remembers."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.restarts = 0

    def offer(self, run: Run) -> None:
        self.seqs += [event.seq for event in run.events]

    def signal(self, frame: bytes, only: UUID | None) -> None:
        pass

    def restart(self) -> None:
        self.restarts += 1


async def test_a_publication_that_comes_while_the_log_is_read(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the reading brings is held against the cursor it began with, and the next hole is filled as
    well."""
    await create(log, TOPIC)
    seen = Seen()
    topic = log.hub.join(TOPIC, seen)
    await topic.opened
    held: list[tuple[dict[str, Any], bytes]] = []
    await log.bus.subscribe("probe", TOPIC, lambda about, data: held.append((about, data)))
    for _ in range(4):
        await log.writer.write([TOPIC], write)

    async def published() -> bool:
        return len(held) == 4

    await eventually(published)
    late = [held[0], held[3]]
    real = reader.read_after

    async def read_after(*arguments: Any) -> Any:
        answer = await real(*arguments)
        while late:
            topic.receive(*late.pop(0))
        return answer

    monkeypatch.setattr(reader, "read_after", read_after)
    topic.receive(*held[1])

    async def all_four() -> bool:
        return seen.seqs == [1, 2, 3, 4]

    await eventually(all_four)
    log.hub.leave(TOPIC, seen)


async def test_a_hole_that_opens_while_the_log_is_read_is_filled(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading brought nothing, for what is missing was written only after it."""
    await create(log, TOPIC)
    seen = Seen()
    topic = log.hub.join(TOPIC, seen)
    await topic.opened
    held: list[tuple[dict[str, Any], bytes]] = []
    await log.bus.subscribe("probe", TOPIC, lambda about, data: held.append((about, data)))
    real = reader.read_after
    readings = 0

    async def published() -> bool:
        return len(held) == 2

    async def read_after(*arguments: Any) -> Any:
        nonlocal readings
        readings += 1
        answer = await real(*arguments)
        if readings == 1:
            for _ in range(2):
                await log.writer.write([TOPIC], write)
            await eventually(published)
            topic.receive(*held[1])  # the second; the first was lost
        return answer

    monkeypatch.setattr(reader, "read_after", read_after)
    topic.behind(1)

    async def both() -> bool:
        return seen.seqs == [1, 2]

    await eventually(both)
    log.hub.leave(TOPIC, seen)


async def test_a_head_that_was_read_before_a_publication_came_resets_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a head behind what was known before the reading means that the log was set back."""
    await create(log, TOPIC)
    seen = Seen()
    topic = log.hub.join(TOPIC, seen)
    await topic.opened
    real = reader.heads

    async def heads(*arguments: Any) -> Any:
        answer = await real(*arguments)
        await log.writer.write([TOPIC], write)

        async def came() -> bool:
            return topic.cursor == 1

        await eventually(came)
        return answer

    monkeypatch.setattr(reader, "heads", heads)
    await log.hub._compare_all()
    assert (seen.seqs, seen.restarts, topic.cursor) == ([1], 0, 1)
    log.hub.leave(TOPIC, seen)


async def test_a_useless_publication_does_not_end_the_listening(log: Log) -> None:
    """Whatever comes over Redis, the next publication gets through."""
    await create(log, TOPIC)
    seen = Seen()
    topic = log.hub.join(TOPIC, seen)
    await topic.opened
    for payload in (b"[]\n", b"nonsense", b'{"signal":"x"}\n', b"\xff\n", b"{}\n{}"):
        log.bus.publish(TOPIC, payload)
    await log.writer.write([TOPIC], write)

    async def came() -> bool:
        return seen.seqs == [1]

    await eventually(came, timeout=2)
    assert log.bus.connected
    log.hub.leave(TOPIC, seen)
