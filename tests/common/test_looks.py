"""Looks at the log are shared: those who come in one moment read together, and each gets what is theirs."""

import asyncio
import contextlib
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.ids import new_id
from common.log import looks, reader
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, head, write
from tests.common.screen import Screen, sees, subscribe
from tests.support import eventually


async def test_subscriptions_that_were_looked_at_together_stand_one_by_one(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """Hundreds of one socket may have been: everybody else has a turn of the loop between them."""
    async with make_log(log_settings) as log:
        topics = [f"list:{new_id()}" for _ in range(10)]
        for topic in topics:
            await create(log, topic)
        screen, turn = Screen(), 0
        stood: list[int] = []

        async def count() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        screen.send = lambda _: stood.append(turn)  # type: ignore[method-assign, assignment]  # only when, not what
        counting = asyncio.create_task(count())
        for topic in topics:
            subscribe(log.hub, screen, topic)

        async def all_stand() -> bool:
            return len(stood) == len(topics)

        await eventually(all_stand)
        counting.cancel()
        assert len(set(stood)) == len(topics)


async def test_many_who_have_missed_much_read_on_together(
    log_settings: ServiceSettings, make_log: MakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a look brings: those of one topic that were left at the same number share what is read."""
    monkeypatch.setattr(reader, "ROWS", 2)
    async with make_log(log_settings) as log:
        topic = f"list:{new_id()}"
        await create(log, topic)
        await write(log, topic, 5)
        asked: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            asked.append(statement)

        sa.event.listen(log.database.reads.engine.sync_engine, "before_cursor_execute", count)
        screens = [Screen() for _ in range(20)]
        for screen in screens:
            subscribe(log.hub, screen, topic, 0)
        for screen in screens:
            await eventually(sees(screen, [1, 2, 3, 4, 5]))
        assert len(asked) < len(screens)


async def test_those_who_come_back_at_once_share_their_reads(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty sockets on five topics, each with something missed: a few reads, and everyone gets all of it."""
    topics = [f"list:{new_id()}" for _ in range(5)]
    for topic in topics:
        await create(log, topic)
        await write(log, topic, 3)
    epochs = {topic: (await head(log, topic)).epoch for topic in topics}
    reads = 0
    real = log.hub.database.read

    def counted() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        return real()

    monkeypatch.setattr(log.hub.database, "read", counted)
    screens = [Screen() for _ in range(50)]
    for number, screen in enumerate(screens):
        topic = topics[number % 5]
        subscribe(log.hub, screen, topic, number % 3, epochs[topic])

    async def complete() -> bool:
        return all(screen.seqs() == list(range(number % 3 + 1, 4)) for number, screen in enumerate(screens))

    await eventually(complete)
    assert reads <= len(topics)


async def test_in_a_rush_those_who_come_one_after_the_other_share_a_read(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as much has been read already, who asks waits for others."""
    monkeypatch.setattr(looks, "PERIOD", 3600.0)
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 2)

    async def began(screen: Screen) -> bool:
        return screen.ops()[:1] == ["subscribed"]

    for _ in range(looks.READS):
        first = Screen()
        subscribe(log.hub, first, topic)
        await eventually(partial(began, first))
    reads = 0
    real = log.hub.database.read

    def counted() -> contextlib.AbstractAsyncContextManager[AsyncConnection]:
        nonlocal reads
        reads += 1
        return real()

    monkeypatch.setattr(log.hub.database, "read", counted)
    screens = [Screen() for _ in range(20)]
    for screen in screens:
        subscribe(log.hub, screen, topic, 0)
        await asyncio.sleep(0)
    for screen in screens:
        await eventually(sees(screen, [1, 2]))
    assert reads == 1


async def test_one_who_may_not_follow_shares_the_read_and_learns_nothing(log: Log) -> None:
    """Among those who ask in the same moment, each is answered for who they are."""
    topic = f"list:{new_id()}"
    await create(log, topic)
    await write(log, topic, 2)
    friend, stranger = Screen(), Screen()
    log.access.strangers.add(stranger.account_id)
    subscribe(log.hub, friend, topic, 0)
    subscribe(log.hub, stranger, topic, 0)

    async def answered() -> bool:
        return friend.seqs() == [1, 2] and stranger.over

    await eventually(answered)
    assert stranger.ops() == ["error"]
