"""What is done together stays each one's own: refusals, numbers, and who has to wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from common import telemetry
from common.errors import Conflict, ServiceError
from common.ids import new_id
from common.log.transaction import Tx
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, note

Command = tuple[str, str]  # a topic, a text; "no" is refused, "bug" fails


async def put_notes(tx: Tx, commands: Sequence[Command]) -> list[int | ServiceError]:
    """An action for many commands, as a service writes one."""
    results: list[int | ServiceError] = []
    for topic, text in commands:
        if text == "bug":
            raise RuntimeError("on purpose")
        results.append(Conflict("on purpose") if text == "no" else await note(tx, topic, text))
    return results


async def numbers(log: Log, topic: str) -> list[int]:
    return [row.seq for row in await log.events(topic)]


@pytest.fixture
async def topics(log: Log) -> list[str]:
    made = [f"list:{new_id()}" for _ in range(3)]
    for topic in made:
        await create(log, topic)
    return made


def count_commits(log: Log) -> list[int]:
    commits = [0]

    @sa.event.listens_for(log.database.writes.engine.sync_engine, "commit")
    def count(_: sa.Connection) -> None:
        commits[0] += 1

    return commits


async def send(log: Log, commands: Sequence[Command]) -> list[Any]:
    """All at once; results and errors in their order."""
    writes = (log.writer.write_batched(topic, put_notes, (topic, text)) for topic, text in commands)
    return await asyncio.gather(*writes, return_exceptions=True)


@asynccontextmanager
async def holding(replica: Log, *topics: str) -> AsyncIterator[asyncio.Event]:
    """A transaction of another replica, which holds topics until it is told to end."""
    release, reached = asyncio.Event(), asyncio.Event()

    async def hold(_: Tx) -> None:
        reached.set()
        await release.wait()

    task = asyncio.create_task(replica.writer.write(topics, hold))
    await reached.wait()
    try:
        yield release
    finally:
        release.set()
        await task


async def test_commands_for_several_topics_share_transactions(log: Log, topics: list[str]) -> None:
    commits = count_commits(log)
    results = await send(log, [(topics[each % 3], str(each)) for each in range(90)])
    assert commits[0] <= 5
    assert results == [each // 3 + 1 for each in range(90)]
    for topic in topics:
        assert await numbers(log, topic) == list(range(1, 31))


async def test_a_refusal_is_its_own_and_takes_no_number(log: Log, topics: list[str]) -> None:
    topic = topics[0]
    results = await send(log, [(topic, text) for text in ("first", "a", "no", "b", "no", "c")])
    assert [result for result in results if isinstance(result, int)] == [1, 2, 3, 4]
    assert [isinstance(result, Conflict) for result in results] == [False, False, True, False, True, False]
    assert await numbers(log, topic) == [1, 2, 3, 4]


async def test_what_fails_together_is_tried_alone(log: Log, topics: list[str]) -> None:
    one, other, _ = topics
    results = await send(log, [(one, "first"), (one, "a"), (other, "bug"), (other, "b"), (one, "c")])
    assert isinstance(results.pop(2), RuntimeError)
    assert results == [1, 2, 1, 3]
    assert await numbers(log, one) == [1, 2, 3]
    assert await numbers(log, other) == [1]


async def test_a_topic_that_is_held_keeps_only_its_own_waiting(
    log: Log, make_log: MakeLog, topics: list[str]
) -> None:
    held, free, _ = topics
    async with make_log(log.settings) as replica, holding(replica, held) as release:
        waiting = asyncio.create_task(send(log, [(held, str(each)) for each in range(5)]))
        assert await send(log, [(free, str(each)) for each in range(5)]) == [1, 2, 3, 4, 5]
        assert not waiting.done()
        commits = count_commits(log)
        release.set()
        assert sorted(await waiting) == [1, 2, 3, 4, 5]
        assert commits[0] <= 2, "those that waited did not share a transaction"


async def test_a_bug_fails_nobody_who_waits_for_a_held_topic(
    log: Log, make_log: MakeLog, topics: list[str]
) -> None:
    held, free, _ = topics
    async with make_log(log.settings) as replica, holding(replica, held) as release:
        waiting = asyncio.create_task(send(log, [(held, "a"), (held, "b"), (free, "bug")]))
        assert await send(log, [(free, "after")]) == [1]
        release.set()
        one, other, failed = await waiting
    assert [one, other] == [1, 2]
    assert isinstance(failed, RuntimeError)


async def test_however_many_topics_are_held_others_find_a_connection(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """A replica that stops in the middle of a batch holds all of its topics."""
    held, free = ([f"list:{new_id()}" for _ in range(count)] for count in (12, 3))
    few = log_settings.model_copy(update={"pool_size": 4})
    async with make_log(few) as log, make_log(log_settings) as replica:
        for topic in [*held, *free]:
            await create(log, topic)
        async with holding(replica, *held) as release:
            waiting = asyncio.create_task(send(log, [(topic, "a") for topic in held]))
            for number in range(1, 6):
                assert await send(log, [(topic, "b") for topic in free]) == [2 * number - 1] * 3
                for topic in free:
                    await log.writer.write([topic], partial(note, topic=topic, text="c"))
            assert not waiting.done()
            release.set()
            assert await waiting == [1] * 12


async def test_what_is_logged_on_the_way_names_no_single_request(log: Log, topics: list[str]) -> None:
    seen: list[str | None] = []

    async def look(_: Tx, commands: Sequence[str]) -> list[ServiceError | None]:
        seen.append(telemetry.request_id())
        return [None for _ in commands]

    telemetry.begin_request("of-one-of-many")
    await log.writer.write_batched(topics[0], look, "a")
    assert seen == [None]


async def test_a_topic_that_does_not_exist(log: Log) -> None:
    """The action is asked, as it is by `write`: what it says of it is the answer."""
    missing = f"list:{new_id()}"
    (result,) = await send(log, [(missing, "no")])
    assert isinstance(result, Conflict)


async def test_other_actions_on_the_topic_take_their_turn(log: Log, topics: list[str]) -> None:
    topic = topics[0]

    async def alone(tx: Tx) -> int:
        return await note(tx, topic, "alone")

    mixed: list[Awaitable[Any]] = []
    for each in range(40):
        together = each % 2
        write = log.writer.write_batched(topic, put_notes, (topic, str(each))) if together else None
        mixed.append(write or log.writer.write([topic], alone))
    assert sorted(await asyncio.gather(*mixed)) == list(range(1, 41))
    assert await numbers(log, topic) == list(range(1, 41))
