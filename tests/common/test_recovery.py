"""Who was away gets all that was missed, or is told to load the state: never a part of it."""

import contextlib

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import now
from common.errors import Unavailable
from common.ids import new_id
from common.log import reader
from common.log.prune import prune
from common.log.tables import TOPICS
from common.log.transaction import Tx
from tests.common.conftest import Log, create, head, write
from tests.common.screen import Screen, sees, subscribe
from tests.support import eventually


async def test_what_cannot_be_recovered_is_never_recovered_in_part(log: Log) -> None:
    """Too far behind, pruned, another epoch, ahead of the log: the client loads the state."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 3)
    place = await head(log, topic)

    async def answer(after: int | None, epoch: str | None) -> dict[str, object]:
        screen = Screen()
        subscription = subscribe(log.hub, screen, topic, after, epoch)

        async def came() -> bool:
            return bool(screen.frames)

        await eventually(came)
        subscription.stop()
        return screen.frames[0]

    assert (await answer(0, None))["recovered"] is True
    assert (await answer(2, place.epoch))["recovered"] is True
    assert (await answer(2, "another"))["recovered"] is False
    assert (await answer(4, place.epoch))["recovered"] is False
    await prune(log.database, now())
    assert (await answer(2, place.epoch))["recovered"] is False
    assert (await answer(3, place.epoch))["recovered"] is True
    async with log.database.writes.begin() as connection:
        await connection.execute(
            sa.update(TOPICS).where(TOPICS.c.topic == topic.encode()).values(seq=TOPICS.c.seq + 1001)
        )
    assert (await answer(3, place.epoch))["recovered"] is False


async def test_pruning_commits_the_floor_and_keeps_the_count(log: Log) -> None:
    """A reader that was pruned is told so; the topic goes on counting."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 5)
    assert await prune(log.database, now()) == 5
    assert (await head(log, topic)).floor == 5
    await write(log, topic)
    assert [row.seq for row in await log.events(topic)] == [6]


async def test_a_new_epoch_overtakes_open_subscriptions(log: Log) -> None:
    """Told unasked, with recovered false, and live again from the new head."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 3)
    screen = Screen()
    subscribe(log.hub, screen, topic)

    async def frames() -> bool:
        return len(screen.frames) == 1

    await eventually(frames)
    async with log.database.writes.begin() as connection:
        await connection.execute(
            sa.update(TOPICS).where(TOPICS.c.topic == topic.encode()).values(epoch=b"again")
        )
    log.hub.compare_soon()

    async def told() -> bool:
        return screen.frames[-1] == {
            "op": "subscribed",
            "topic": topic,
            "seq": 3,
            "epoch": "again",
            "recovered": False,
        }

    await eventually(told)
    await write(log, topic)
    await eventually(sees(screen, [4]))


async def test_a_replay_that_the_database_interrupts_doubles_nothing(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where it was, once the database is back."""
    topic = f"list:{new_id()}"
    await create(log, topic)

    async def many(tx: Tx) -> None:
        for _ in range(500):
            tx.append(topic, "note.put", resource_id=new_id(), actor_id=None, data=b"{}")

    await log.writer.write([topic], many)
    reads = 0
    real = log.hub.database.read

    def fails_once() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        if reads == 2:  # the check of access with what fits; then this
            raise Unavailable
        return real()

    monkeypatch.setattr(log.hub.database, "read", fails_once)
    monkeypatch.setattr(reader, "ROWS", 200)
    screen = Screen()
    subscribe(log.hub, screen, topic, 0)
    await eventually(sees(screen, list(range(1, 501))))
    assert reads > 2
