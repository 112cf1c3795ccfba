"""What a process of this service keeps beside its database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from common.runtime import Runtime
from common.shared_read import SharedRead
from todo import store
from todo.pages import PageCache
from todo.store.members import Entry

Place = tuple[UUID, UUID]
"""A list, and the account that wants to read it."""


@dataclass(frozen=True)
class Local:
    """The pages that were built last, and one way to ask whether they are still good."""

    pages: PageCache
    entries: SharedRead[Place, Entry]


@asynccontextmanager
async def local(rt: Runtime) -> AsyncIterator[Local]:
    """Made when the process starts."""

    async def read(places: Sequence[Place]) -> Mapping[Place, Entry]:
        async with rt.database.read() as conn:
            return await store.members.entries(conn, places)

    entries = SharedRead(read)
    try:
        yield Local(PageCache(), entries)
    finally:
        await entries.close()
