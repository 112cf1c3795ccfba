"""A database that holds nothing but the log's tables, the parts of `common` that work on it, and a user."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from common.accounts import account_table
from common.clock import now
from common.columns import make_metadata
from common.database import Database
from common.ids import UUIDType, new_id
from common.log import reader
from common.log.access import Membership
from common.log.bus import Bus, connect
from common.log.events import Event, Revokes
from common.log.hub import Hub
from common.log.reader import Head
from common.log.tables import log_tables
from common.log.transaction import Tx
from common.log.writer import Writer
from common.settings import ServiceSettings
from tests.support import Person, PersonFactory
from tools.stack import Redis

metadata = make_metadata()
tables = log_tables(metadata)
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("topic", sa.VARBINARY(96), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
)

things = sa.Table(
    "things",
    metadata,
    sa.Column("id", UUIDType, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
"""The state of a service that is followed …"""
applied = sa.Table(
    "applied",
    metadata,
    sa.Column("id", UUIDType, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""… and what its follower has made of it."""
known = account_table(metadata)


class Everybody:
    """The rule of access in tests: everyone may follow everything, but for those who are strangers."""

    def __init__(self) -> None:
        self.strangers: set[UUID] = set()

    def about(self, topic: str) -> UUID:
        return UUID(topic.partition(":")[2])

    async def look(
        self, connection: AsyncConnection, topics: Collection[str], asked: Collection[Membership]
    ) -> tuple[dict[str, Head], set[Membership]]:
        heads = await reader.heads(connection, topics)
        return heads, {(of, account) for of, account in asked if account not in self.strangers}


@dataclass
class Log:
    """One process's half of the log, as a test drives it."""

    settings: ServiceSettings
    database: Database
    bus: Bus
    writer: Writer
    hub: Hub
    access: Everybody

    async def events(self, topic: str) -> list[Any]:
        """All rows of a topic."""
        statement = sa.select(tables.events).where(tables.events.c.topic == topic.encode())
        async with self.database.read() as connection:
            return list((await connection.execute(statement.order_by(tables.events.c.seq))).all())


async def note(tx: Tx, topic: str, text: str) -> int:
    """What stands for an action: a row of the service's own, and its event."""
    seq = tx.next_seq(topic)
    await tx.db.execute(notes.insert().values(topic=topic.encode(), seq=seq, text=text))
    return tx.append(
        topic, "note.put", resource_id=new_id(), actor_id=None, data=b'{"text":"%s"}' % text.encode()
    )


MakeLog = Callable[..., contextlib.AbstractAsyncContextManager[Log]]


@pytest.fixture
def log_settings(new_database: Callable[[], str], redis: Redis) -> ServiceSettings:
    """Settings of a fresh database with the log's tables."""
    url = new_database()
    engine = sa.create_engine(url.replace("mysql://", "mysql+pymysql://"))
    metadata.create_all(engine)
    engine.dispose()
    return ServiceSettings.model_validate(
        {"database_url": url, "redis_url": redis.url, "service_key": "k" * 32, "pool_size": 8, "pool_wait": 5}
    )


@pytest.fixture
def make_log() -> MakeLog:
    """Open the parts of a process: `async with make_log(settings) as log`."""

    @contextlib.asynccontextmanager
    async def make(settings: ServiceSettings, *, service: str = "probe") -> AsyncIterator[Log]:
        database = Database(settings)
        redis = connect(settings.redis_url.get_secret_value(), cluster=settings.redis_cluster)
        bus = Bus(service, redis)

        def publish(events: list[Event]) -> None:
            for event in events:
                bus.publish(event.topic, event.publication())

        writer = Writer(database, publish)

        access = Everybody()
        hub = Hub(database, bus, writer.ensure, access)
        bus.start()
        hub.start()
        try:
            yield Log(settings, database, bus, writer, hub, access)
        finally:
            await hub.close()
            await writer.close()
            await bus.close()
            await redis.aclose()
            await database.close()

    return make


@pytest.fixture
async def log(log_settings: ServiceSettings, make_log: MakeLog) -> AsyncIterator[Log]:
    """One process's half of the log on a fresh database."""
    async with make_log(log_settings) as made:
        yield made


async def create(log: Log, topic: str) -> None:
    """Bring a topic of our own into being."""

    async def action(tx: Tx) -> None:
        await tx.create(topic)

    await log.writer.write([], action)


async def write(log: Log, topic: str, count: int = 1) -> None:
    """Write so many events, each in a transaction of its own."""

    async def action(tx: Tx) -> None:
        await note(tx, topic, "x")

    for _ in range(count):
        await log.writer.write([topic], action)


async def head(log: Log, topic: str) -> Head:
    """Where a topic stands."""
    async with log.database.read() as connection:
        place = await reader.head(connection, topic)
    assert place is not None
    return place


def event(
    seq: int, size: int = 0, *, topic: str = "list:x", epoch: str = "e", revokes: Revokes = None
) -> Event:
    """An event of our own making, as large as asked."""
    data = b'{"text":"%s"}' % (b"x" * size)
    return Event(topic, epoch, seq, "note.put", new_id(), None, now(), data, revokes)


@pytest.fixture
async def alice(person: PersonFactory) -> Person:
    """Somebody who has signed up."""
    return await person("Alice")
