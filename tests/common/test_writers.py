"""Numbers are given in commit order, without a hole, whatever fails, and no reader can miss one."""

import asyncio
from functools import partial

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import Conflict, ServiceError
from common.ids import new_id
from common.log import reader
from common.log.transaction import Tx
from common.settings import ServiceSettings
from tests.common.conftest import Log, MakeLog, create, note, notes

TOPIC = "list:0190c000-0000-7000-8000-000000000001"


async def _write(log: Log, topic: str, text: str, *, fails: bool = False) -> int | None:
    async def action(tx: Tx) -> int:
        seq = await note(tx, topic, text)
        if fails:
            raise Conflict("on purpose")
        return seq

    try:
        return await log.writer.write([topic], action)
    except ServiceError:
        return None


async def _poll(log: Log, topic: str, total: int) -> list[int]:
    """A reader that only ever asks for what comes after the last number it has."""
    seen: list[int] = []
    while len(seen) < total:
        async with log.database.read() as connection:
            events, _ = await reader.read_after(connection, topic, seen[-1] if seen else 0, 50)
        seen += [event.seq for event in events]
    return seen


async def test_64_writers_give_consecutive_numbers_that_no_reader_misses(log: Log, make_log: MakeLog) -> None:
    """A tenth of the requests fail on purpose; a second process writes to the same topic meanwhile."""
    await create(log, TOPIC)
    async with make_log(log.settings) as other:
        requests = 640
        good = requests - requests // 10

        async def client(number: int) -> list[int | None]:
            home = log if number % 2 else other
            return [
                await _write(home, TOPIC, f"{number}-{turn}", fails=(number * 10 + turn) % 10 == 3)
                for turn in range(requests // 64)
            ]

        poller = asyncio.create_task(_poll(other, TOPIC, good))
        answers = [seq for seqs in await asyncio.gather(*map(client, range(64))) for seq in seqs]
        assert sorted(seq for seq in answers if seq is not None) == list(range(1, good + 1))
        async with asyncio.timeout(10):
            assert await poller == list(range(1, good + 1))
    rows = await log.events(TOPIC)
    assert [row.seq for row in rows] == list(range(1, good + 1))
    async with log.database.read() as connection:
        kept = (await connection.execute(sa.select(notes.c.seq, notes.c.text).order_by(notes.c.seq))).all()
    assert [row.seq for row in kept] == list(range(1, good + 1)), "a failed request left its row behind"
    assert [bytes(row.data) for row in rows] == [b'{"text":"%s"}' % row.text.encode() for row in kept]


async def test_requests_of_one_moment_share_transactions(log: Log) -> None:
    """Throughput grows with load: far fewer commits than requests."""
    await create(log, TOPIC)
    commits = 0

    @sa.event.listens_for(log.database.writes.engine.sync_engine, "commit")
    def count(_: sa.Connection) -> None:
        nonlocal commits
        commits += 1

    await asyncio.gather(*(_write(log, TOPIC, str(number)) for number in range(100)))
    assert commits <= 10
    assert len(await log.events(TOPIC)) == 100


async def test_who_waits_for_a_topic_holds_no_connection(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """Not for a service-wide one either: a crowd that signs up must not keep others from signing in."""
    few = log_settings.model_copy(update={"pool_size": 2, "pool_wait": 0.2})
    release, reached = asyncio.Event(), asyncio.Event()

    async def hold(_: Tx) -> None:
        reached.set()
        await release.wait()

    async def nothing(_: Tx) -> str:
        return "done"

    async with make_log(few) as log:
        holding = asyncio.create_task(log.writer.write(["users"], hold))
        await reached.wait()
        crowd = [asyncio.create_task(_write(log, "users", str(number))) for number in range(24)]
        assert await log.writer.write([], nothing) == "done"
        release.set()
        assert sorted(seq or 0 for seq in await asyncio.gather(*crowd)) == list(range(1, 25))
        await holding


async def test_a_failure_among_others_is_its_own(log: Log) -> None:
    """Its topic, its rows and its numbers are undone; its neighbours in the transaction never notice."""
    await create(log, TOPIC)
    fresh = f"room:{new_id()}"

    async def creates_and_fails(tx: Tx) -> None:
        await tx.create(fresh)
        await note(tx, fresh, "lost")
        raise Conflict("on purpose")

    async def bug(tx: Tx) -> None:
        await note(tx, TOPIC, "lost")
        raise RuntimeError("a bug")

    results = await asyncio.gather(
        _write(log, TOPIC, "a"),
        log.writer.write([TOPIC], creates_and_fails),
        log.writer.write([TOPIC], bug),
        _write(log, TOPIC, "b"),
        return_exceptions=True,
    )
    assert results[0] == 1
    assert isinstance(results[1], Conflict)
    assert isinstance(results[2], RuntimeError)
    assert results[3] == 2
    async with log.database.read() as connection:
        assert await reader.head(connection, fresh) is None


async def test_topics_locked_in_any_order_by_many_end_well(log: Log) -> None:
    """Several own topics, user: topics and a service-wide one: deadlocks are run again, not seen."""
    topics = [f"list:{new_id()}" for _ in range(4)]
    for topic in topics:
        await create(log, topic)
    users = [f"user:{new_id()}" for _ in range(3)]

    async def action(chosen: list[str], tx: Tx) -> None:
        for topic in chosen:
            await note(tx, topic, "x")
        late = users[len(chosen) % 3]
        await tx.lock(late, "lists")  # locked late, after the decision
        await note(tx, late, "y")
        await note(tx, "lists", "z")

    picks = [[topics[i % 4], topics[(i * 3 + 1) % 4]] for i in range(60)]
    await asyncio.gather(
        *(log.writer.write(pick, partial(action, list(dict.fromkeys(pick)))) for pick in picks)
    )
    rows = await log.events("lists")
    assert [row.seq for row in rows] == list(range(1, 61))


async def test_a_caller_that_hangs_up_cancels_nothing(log: Log) -> None:
    """The write goes on to its end."""
    await create(log, TOPIC)
    began = asyncio.Event()

    async def action(tx: Tx) -> None:
        began.set()
        await note(tx, TOPIC, "kept")

    request = asyncio.create_task(log.writer.write([TOPIC], action))
    await began.wait()
    request.cancel()
    await log.writer.close()
    assert [row.seq for row in await log.events(TOPIC)] == [1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=25))
async def test_any_mixture_of_success_failure_and_scrubbing(
    log_settings: ServiceSettings, make_log: MakeLog, plan: list[tuple[int, bool, bool]]
) -> None:
    """Each topic counts 1…n, and what was scrubbed holds no data, be it in the same transaction or
    earlier."""
    async with make_log(log_settings) as log:
        topics = [f"list:{new_id()}" for _ in range(3)]
        for topic in topics:
            await create(log, topic)

        async def action(topic: str, fails: bool, scrubs: bool, tx: Tx) -> None:
            resource = new_id()
            tx.append(topic, "note.put", resource_id=resource, actor_id=None, data=b'{"text":"secret"}')
            if scrubs:
                await tx.scrub(topic, resource)
                tx.append(topic, "note.deleted", resource_id=resource, actor_id=None, data=b'{"id":"x"}')
            if fails:
                raise Conflict("on purpose")

        jobs = [
            log.writer.write([topics[i]], partial(action, topics[i], fails, scrubs))
            for i, fails, scrubs in plan
        ]
        await asyncio.gather(*jobs, return_exceptions=True)
        for index, topic in enumerate(topics):
            mine = [(fails, scrubs) for i, fails, scrubs in plan if i == index]
            rows = await log.events(topic)
            assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
            assert len(rows) == sum(1 + scrubs for fails, scrubs in mine if not fails)
            assert sum(bytes(row.data) == b"" for row in rows) == sum(
                scrubs and not fails for fails, scrubs in mine
            )
