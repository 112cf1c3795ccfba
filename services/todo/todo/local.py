"""What a process of this service keeps beside its database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from common.log.access import Membership
from common.runtime import Runtime
from common.shared_read import SharedRead
from todo import store
from todo.page_cache import PageCache
from todo.store.members import ListHead


@dataclass(frozen=True)
class Local:
    """The pages that were built last, and one way to ask whether they are still good."""

    pages: PageCache
    heads: SharedRead[Membership, ListHead]


@asynccontextmanager
async def local(rt: Runtime) -> AsyncIterator[Local]:
    """Made when the process starts."""

    async def read(memberships: Sequence[Membership]) -> Mapping[Membership, ListHead]:
        async with rt.database.read() as conn:
            return await store.members.heads(conn, memberships)

    heads = SharedRead(read)
    try:
        yield Local(PageCache(), heads)
    finally:
        await heads.close()
