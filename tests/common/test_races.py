"""Moments that chance rarely gives: made on purpose, each of them once went wrong."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from common.errors import Unavailable
from common.ids import new_id
from common.log import reader
from common.log.events import Run
from common.log.transaction import Tx
from common.origin import same_host
from common.sessions import Sessions
from common.settings import ServiceSettings
from common.tasks import end
from tests.common.conftest import Log, MakeLog, create, note, notes
from tests.common.test_follow import follower, put, remove, same
from tests.support import Stack, eventually
from tests.support.live import open_live

TOPIC = "list:0190c000-0000-7000-8000-000000000001"


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


async def write(tx: Tx) -> int:
    return await note(tx, TOPIC, "x")


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


async def test_two_replicas_that_begin_at_once_share_one_snapshot(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """The one that is late puts nothing back that has been removed since."""
    async with make_log(log_settings) as source, make_log(log_settings) as here:
        gone = new_id()
        await put(source, "gone", gone)
        slow, quick = follower(source, here), follower(source, here)
        held, go_on = asyncio.Event(), asyncio.Event()

        real = slow._writer.write

        async def waits(topics: Any, action: Any) -> Any:
            if action.__name__ == "restore":
                held.set()
                await go_on.wait()
            return await real(topics, action)

        class Writer:
            write = staticmethod(waits)

        slow._writer = Writer()  # type: ignore[assignment]  # a writer that waits before its first item
        task = asyncio.create_task(slow.catch_up())
        await held.wait()
        await quick.catch_up()
        await remove(source, gone)
        await quick.catch_up()
        go_on.set()
        await task
        assert await same(source, here)


async def test_requests_at_a_stale_moment_share_one_attempt() -> None:
    """A process that was stopped asks auth once; that auth does not answer holds nobody up for long."""
    asked = 0

    class Hangs:
        async def page(self, *asked_for: Any) -> Any:  # noqa: ARG002 - a source's interface
            nonlocal asked
            asked += 1
            await asyncio.Event().wait()

    sessions = Sessions(Hangs(), None, lambda _: None)  # type: ignore[arg-type]  # a source that never answers, and no bus
    sessions.loaded = True
    sessions._stale = True
    async with asyncio.timeout(5):
        await asyncio.gather(*(sessions.fresh() for _ in range(20)))
        await sessions.fresh()
    assert asked == 1
    await end([task for task in [sessions._catching_up] if task is not None])


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://other", "//"])
def test_an_origin_that_is_none_of_ours(origin: str) -> None:
    """Whatever a client sends, it is an answer, not an error."""
    assert not same_host(origin, "ours:8080")
    assert same_host("http://ours:8080", "ours:8080")


async def test_a_hostile_token_or_origin_is_no_error_of_ours(stack: Stack) -> None:
    """Deep nesting in the header of a token, and an address that is none."""
    nested = "W1tb" * 500
    async with httpx.AsyncClient(trust_env=False) as client:
        for name, path in (("todo", "/api/todo/lists"), ("todo", "/api/todo/internal/log/lists")):
            headers = {"Authorization": f"Bearer {nested}.e30.e30"}
            answer = await client.get(stack.url(name) + path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad-token")
        body = {"email": "a@example.com", "password": "irrelevant here"}
        url = f"{stack.url('auth')}/api/auth/sessions"
        answer = await client.post(url, json=body, headers={"Origin": "http://["})
        assert answer.status_code == 403
    live = f"{stack.url('todo')}/api/todo/live"
    async with open_live(live, None, origin="http://[") as socket:
        assert await socket.ended() == 4503
    async with open_live(live, None) as socket:
        await socket.send({"op": "auth", "token": f"{nested}.e30.e30"})
        assert await socket.ended() == 4500
