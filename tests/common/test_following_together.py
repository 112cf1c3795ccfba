"""Followers that act in one moment share what they do, and none puts back what another has taken away."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from common.accounts import accounts_feed
from common.clock import now
from common.follow import Feed, Follower
from common.ids import new_id
from common.log.source import FollowedEvent, LocalSource
from common.log.transaction import Tx
from common.sessions import Sessions
from common.settings import ServiceSettings
from common.tasks import end
from tests.common.conftest import Log, MakeLog, applied, known
from tests.common.test_follow import (
    TOPIC,
    apply,
    follower,
    put,
    remove,
    restore,
    retain,
    same,
    snapshot,
    state,
)

LOOKS = {"color": "#102030", "version": 1}


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


async def test_what_is_waiting_is_applied_together_up_to_what_fails(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """However much has come in one moment, it takes few transactions."""
    async with make_log(log_settings) as source, make_log(log_settings) as here:
        await put(source, "first", new_id())
        following = follower(source, here)
        await following.catch_up()
        commits = 0

        @sa.event.listens_for(here.database.writes.engine.sync_engine, "commit")
        def count(_: sa.Connection) -> None:
            nonlocal commits
            commits += 1

        for number in range(25):
            await put(source, str(number), new_id())
        await following.catch_up()
        assert await same(source, here)
        assert commits == 2

        async def fails_at_bad(tx: Tx, events: Sequence[FollowedEvent]) -> None:
            for event in events:
                if event.data["name"] == "bad":
                    raise RuntimeError("on purpose")
                await apply(tx, [event])

        for name in ("before", "bad", "behind"):
            await put(source, name, new_id())
        feed = Feed("probe", TOPIC, fails_at_bad, restore, retain)
        local = LocalSource(source.database, {TOPIC: snapshot})
        with pytest.raises(RuntimeError):
            await Follower(feed, local, here.database, here.writer, here.bus).catch_up()
        names = set((await state(here, applied)).values())
        assert "before" in names
        assert not {"bad", "behind"} & names
        await following.catch_up()
        assert await same(source, here)


async def test_the_last_word_on_an_account_counts(log_settings: ServiceSettings, make_log: MakeLog) -> None:
    """What has come in one moment may contain an account's whole life."""
    feed = accounts_feed(known)
    kept, gone, back, emptied = (new_id() for _ in range(4))

    def event(kind: str, account_id: UUID, **data: Any) -> FollowedEvent:
        about = {"id": str(account_id)} | LOOKS | data if data else {}
        return FollowedEvent(1, kind, account_id, None, now(), about)

    async def names(log: Log) -> dict[UUID, str]:
        async with log.database.read() as db:
            return {row.id: row.name for row in await db.execute(sa.select(known))}

    events = [event("account.created", each, name="before") for each in (kept, gone, back)]
    later = [
        event("account.updated", kept, name="after"),
        event("account.disabled", gone),
        event("account.disabled", back),
        event("account.created", back, name="back"),
        event("account.updated", emptied),
    ]
    async with make_log(log_settings) as log:
        await log.writer.write([], lambda tx: feed.apply(tx, events))
        assert await names(log) == dict.fromkeys((kept, gone, back), "before")
        await log.writer.write([], lambda tx: feed.apply(tx, later))
        assert await names(log) == {kept: "after", back: "back"}
        await log.writer.write([], lambda tx: feed.restore(tx, {"id": str(kept), "name": "as it is"} | LOOKS))
        await log.writer.write([], lambda tx: feed.retain(tx, {kept}))
        assert await names(log) == {kept: "as it is"}
