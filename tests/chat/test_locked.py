"""Sending, while something in the database stays locked."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import UUID

import pymysql

from tests.chat.support import ROOMS, new_group, say
from tests.support import PersonFactory, Stack


async def test_a_row_that_stays_locked_keeps_nobody_else_waiting(stack: Stack, person: PersonFactory) -> None:
    """Somebody's read position, held by a replica that has stopped in the middle."""
    alice, bob = await person("Alice"), await person("Bob")
    hers, his = await new_group(alice), await new_group(bob)
    with locked(stack, UUID(hers), UUID(alice.id)):
        waiting = asyncio.create_task(alice.post(f"{ROOMS}/{hers}/messages", json={"body": "Hello"}))
        for number in range(1, 6):
            assert (await say(bob, his))["number"] == number
        assert not waiting.done()
    assert (await waiting).status_code == 201


@contextmanager
def locked(stack: Stack, room_id: UUID, account_id: UUID) -> Iterator[None]:
    """Hold the row of a member."""
    url = urlsplit(stack.database_url("chat"))
    with pymysql.connect(
        host=url.hostname,
        port=url.port or 0,
        user=url.username,
        password=url.password or "",
        database=url.path[1:],
    ) as connection:
        row = "SELECT * FROM members WHERE room_id = %s AND account_id = %s FOR UPDATE"
        connection.cursor().execute(row, (room_id.bytes, account_id.bytes))
        yield
        connection.rollback()
