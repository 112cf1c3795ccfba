"""Followers that act in one moment share what they do, and none puts back what another has taken away."""

import asyncio
from typing import Any

from common.ids import new_id
from common.sessions import Sessions
from common.settings import ServiceSettings
from common.tasks import end
from tests.common.conftest import MakeLog
from tests.common.test_follow import follower, put, remove, same


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
