"""A transaction that MySQL undoes or loses: all that were in it are run again, or all are told."""

import asyncio
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from common.errors import Unavailable
from common.log.transaction import Tx
from tests.common.conftest import Log, create, note, notes

TOPIC = "list:0190c000-0000-7000-8000-000000000001"


async def write(tx: Tx) -> int:
    return await note(tx, TOPIC, "x")


async def batch(log: Log, *actions: Callable[[Tx], Any]) -> list[Any]:
    """Run actions in one transaction: they queue up behind one that waits."""
    first, reached = asyncio.Event(), asyncio.Event()

    async def wait(tx: Tx) -> None:  # noqa: ARG001 - an action's signature
        reached.set()
        await first.wait()

    jobs = [asyncio.create_task(log.writer.write([TOPIC], wait))]
    await reached.wait()
    jobs += [asyncio.create_task(log.writer.write([TOPIC], action)) for action in actions]
    await asyncio.sleep(0)  # they have queued up
    first.set()
    return (await asyncio.gather(*jobs, return_exceptions=True))[1:]


async def state(log: Log) -> tuple[list[int], list[int]]:
    """The numbers of the rows, and of the events."""
    async with log.database.read() as connection:
        rows = sa.select(notes.c.seq).where(notes.c.topic == TOPIC.encode()).order_by(notes.c.seq)
        kept = list((await connection.execute(rows)).scalars())
    return kept, [row.seq for row in await log.events(TOPIC)]


async def test_a_deadlock_among_several_runs_all_of_them_again(log: Log) -> None:
    """The server undoes the whole transaction, savepoints too: nobody is told of what is gone."""
    await create(log, TOPIC)
    mine, theirs = "user:a", "user:b"
    await log.writer.write([], lambda tx: tx.lock(mine, theirs))
    tries = 0
    async with log.database.writes.connect() as other:
        transaction = await other.begin()
        # Much to undo, so that the server chooses the other transaction as its victim.
        rows = [{"topic": b"other", "seq": seq, "text": "x"} for seq in range(300)]
        await other.execute(notes.insert(), rows)
        lock = "SELECT seq FROM topics WHERE topic = '{}' FOR UPDATE"
        await other.execute(sa.text(lock.format(theirs)))

        async def victim(tx: Tx) -> int:
            nonlocal tries
            tries += 1
            await tx.lock(mine)
            if tries == 1:
                crossing = asyncio.create_task(cross())
            await tx.lock(theirs)
            await crossing if tries == 1 else None
            return await note(tx, TOPIC, "victim")

        async def cross() -> None:
            await other.execute(sa.text(lock.format(mine)))
            await transaction.commit()

        assert await batch(log, write, victim, write) == [1, 2, 3]
    assert tries == 2
    assert await state(log) == ([1, 2, 3], [1, 2, 3])


async def test_an_action_that_hides_a_deadlock_is_run_again_all_the_same(log: Log) -> None:
    """There is no savepoint to go back to: that is how it comes out."""
    await create(log, TOPIC)
    tries = 0

    async def hides(tx: Tx) -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            await tx.db.execute(sa.text("ROLLBACK"))
            raise RuntimeError("of the action's own")
        return await note(tx, TOPIC, "x")

    assert await batch(log, write, hides, write) == [1, 2, 3]
    assert await state(log) == ([1, 2, 3], [1, 2, 3])


async def test_a_connection_lost_among_several_is_503_for_all(log: Log) -> None:
    """Nothing of theirs has happened, and they may send it again."""
    await create(log, TOPIC)

    async def killed(tx: Tx) -> int:
        number = (await tx.db.execute(sa.text("SELECT connection_id()"))).scalar_one()
        async with log.database.reads.connect() as connection:
            await connection.execute(sa.text(f"KILL {number}"))
        return await note(tx, TOPIC, "x")

    answers = await batch(log, write, killed, write)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert await state(log) == ([], [])
    assert await log.writer.write([TOPIC], write) == 1
