"""Following another service's log: each event takes effect once, in order, whatever is killed when."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from common.clock import now
from common.follow import Feed, Follower
from common.ids import new_id
from common.log.prune import prune
from common.log.source import FollowedEvent, LocalSource
from common.log.tables import CURSORS, TOPICS
from common.log.transaction import Tx
from common.schemas import encode
from common.settings import ServiceSettings
from common.tasks import end
from tests.common.conftest import Log, MakeLog, applied, things
from tests.support import eventually

TOPIC = "lists"


async def put(log: Log, name: str, resource_id: UUID) -> None:
    """The followed service: a row and its event."""

    async def action(tx: Tx) -> None:
        version = tx.next_seq(TOPIC)
        row = {"id": resource_id, "name": name, "version": version}
        await tx.db.execute(sa.delete(things).where(things.c.id == resource_id))
        await tx.db.execute(things.insert().values(row))
        data = encode({"id": resource_id, "name": name, "version": version})
        tx.append(TOPIC, "thing.put", resource_id=resource_id, actor_id=None, data=data)

    await log.writer.write([TOPIC], action)


async def remove(log: Log, resource_id: UUID) -> None:
    async def action(tx: Tx) -> None:
        await tx.db.execute(sa.delete(things).where(things.c.id == resource_id))
        tx.append(TOPIC, "thing.removed", resource_id=resource_id, actor_id=None, data=b"{}")

    await log.writer.write([TOPIC], action)


async def snapshot(
    connection: AsyncConnection, after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The followed service's state, page by page."""
    statement = sa.select(things.c.id, things.c.name, things.c.version).order_by(things.c.id).limit(limit)
    if after is not None:
        statement = statement.where(things.c.id > UUID(after))
    rows = (await connection.execute(statement)).all()
    items = [{"id": str(row.id), "name": row.name, "version": row.version} for row in rows]
    return items, items[-1]["id"] if len(items) == limit else None


async def _set(tx: Tx, resource_id: UUID, name: str, seq: int) -> None:
    await tx.db.execute(sa.delete(applied).where(applied.c.id == resource_id))
    await tx.db.execute(applied.insert().values(id=resource_id, name=name, seq=seq))


async def apply(tx: Tx, events: Sequence[FollowedEvent]) -> None:
    """The follower: the state, and its own log, which shows each event's effect."""
    for event in events:
        await _apply(tx, event)


async def _apply(tx: Tx, event: FollowedEvent) -> None:
    if event.kind == "thing.put":
        await _set(tx, event.resource_id, event.data["name"], event.seq)
    else:
        await tx.db.execute(sa.delete(applied).where(applied.c.id == event.resource_id))
    await tx.lock("effects")
    tx.append(
        "effects", event.kind, resource_id=event.resource_id, actor_id=None, data=encode({"of": event.seq})
    )


async def restore(tx: Tx, item: dict[str, Any]) -> None:
    await _set(tx, UUID(item["id"]), item["name"], item["version"])


async def retain(tx: Tx, ids: set[UUID]) -> None:
    for known in (await tx.db.execute(sa.select(applied.c.id))).scalars().all():
        if known not in ids:
            await tx.db.execute(sa.delete(applied).where(applied.c.id == known))


def follower(source: Log, here: Log) -> Follower:
    feed = Feed("probe", TOPIC, apply, restore, retain)
    local = LocalSource(source.database, {TOPIC: snapshot})
    return Follower(feed, local, here.database, here.writer, here.bus)


async def state(log: Log, table: sa.Table) -> dict[UUID, str]:
    async with log.database.read() as connection:
        return {row.id: row.name for row in await connection.execute(sa.select(table.c.id, table.c.name))}


async def same(source: Log, here: Log) -> bool:
    return await state(source, things) == await state(here, applied)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**16), replicas=st.integers(1, 3))
async def test_followers_killed_at_random_apply_each_event_once(
    log_settings: ServiceSettings, make_log: MakeLog, seed: int, replicas: int
) -> None:
    """Several replicas follow at once; each is cut down again and again, in the middle of whatever it
    does."""
    chance = random.Random(seed)
    async with make_log(log_settings) as source, make_log(log_settings) as here:
        async with here.database.writes.begin() as connection:
            for table in (things, applied, CURSORS):  # what an earlier example left
                await connection.execute(sa.delete(table))
        await put(source, "first", new_id())
        await follower(source, here).catch_up()  # the snapshot path; from here on, events
        before = await here.events("effects")
        over = asyncio.Event()

        async def replica() -> None:
            while not over.is_set():
                task = asyncio.create_task(follower(source, here).run())
                await asyncio.sleep(chance.uniform(0.005, 0.08))
                await end([task])

        tasks = [asyncio.create_task(replica()) for _ in range(replicas)]
        start = await _seq(source)
        ids = [new_id() for _ in range(5)]
        for number in range(60):
            await put(source, str(number), chance.choice(ids))
        over.set()
        await asyncio.gather(*tasks)
        await follower(source, here).catch_up()
        assert await same(source, here)
        effects = [orjson.loads(row.data)["of"] for row in await here.events("effects")][len(before) :]
        assert effects == list(range(start + 1, start + 61)), "each event once, in order"


async def _seq(log: Log) -> int:
    async with log.database.read() as connection:
        row = await connection.execute(sa.select(TOPICS.c.seq).where(TOPICS.c.topic == TOPIC.encode()))
        return int(row.scalar_one())


async def test_too_late_or_another_epoch_takes_the_snapshot(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """What was deleted meanwhile goes, what is new comes, and following goes on behind it."""
    async with make_log(log_settings) as source, make_log(log_settings) as here:
        gone, kept = new_id(), new_id()
        await put(source, "gone", gone)
        await put(source, "kept", kept)
        await follower(source, here).catch_up()
        assert await same(source, here)

        await remove(source, gone)
        await put(source, "new", new_id())
        await prune(source.database, now())
        await follower(source, here).catch_up()
        assert await same(source, here)

        async with source.database.writes.begin() as connection:
            await connection.execute(
                sa.delete(things).where(things.c.id == kept)
            )  # as a restored backup would
            await connection.execute(
                sa.update(TOPICS).where(TOPICS.c.topic == TOPIC.encode()).values(epoch=b"again")
            )
        await follower(source, here).catch_up()
        assert kept not in await state(here, applied)
        assert await same(source, here)
        await put(source, "later", kept)
        await follower(source, here).catch_up()
        assert await same(source, here)


async def test_a_failing_event_is_tried_again_and_never_skipped(
    log_settings: ServiceSettings, make_log: MakeLog
) -> None:
    """The cursor stays in front of it until it works; what follows waits."""
    async with make_log(log_settings) as source, make_log(log_settings) as here:
        await put(source, "first", new_id())
        await follower(source, here).catch_up()
        failures = 0

        async def fails_twice(tx: Tx, events: Sequence[FollowedEvent]) -> None:
            nonlocal failures
            for event in events:
                if failures < 2 and event.data["name"] == "bad":
                    failures += 1
                    raise RuntimeError("on purpose")
                await apply(tx, [event])

        feed = Feed("probe", TOPIC, fails_twice, restore, retain)
        running = Follower(
            feed, LocalSource(source.database, {TOPIC: snapshot}), here.database, here.writer, here.bus
        )
        task = asyncio.create_task(running.run())
        for name in ("bad", "good"):
            await put(source, name, new_id())
        await eventually(lambda: same(source, here), timeout=10)
        assert failures == 2
        await end([task])
