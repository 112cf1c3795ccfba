"""Limits of our own stack: bare ASGI with nothing but the driver, or with nothing but Redis, behind it.
`python -m bench.peers.rows`.

/asyncmy/lists/<id>/tasks  the page's rows as bytes, straight from asyncmy, joined
/redis/lists/<id>/tasks    one GET of Redis a request, then the page from memory
POST /asyncmy/…            one durable insert straight through asyncmy
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import asyncmy
import orjson
from redis.asyncio import Redis
from starlette.types import Receive, Scope, Send

from bench.peers.serving import serve
from bench.peers.tokens import Tokens

PAGE = (
    "SELECT t.data, o.seq, o.epoch FROM members m JOIN topics o ON o.topic = %s JOIN tasks t USING (list_id)"
    " WHERE m.list_id = %s AND m.account_id = %s AND t.position IS NOT NULL"
    " ORDER BY t.position, t.id LIMIT 50"
)
INSERT = (
    "INSERT INTO plain_tasks"
    " (list_id, id, title, notes, done, priority, labels, position, version, creator_id)"
    " VALUES (%s, %s, %s, '', 0, 0, '[]', 'a0', 1, %s)"
)
Handler = Callable[[UUID, UUID, bytes], Awaitable[tuple[int, bytes]]]


class Rows:
    """The application."""

    def __init__(self) -> None:
        self._tokens = Tokens()
        self._redis: Redis = Redis.from_url(os.environ["REDIS_URL"])
        self._pool: Any = None
        self._pages: dict[UUID, tuple[bytes, bytes]] = {}
        self._handlers: dict[tuple[str, str], Handler] = {
            ("GET", "asyncmy"): self._page,
            ("GET", "redis"): self._checked,
            ("POST", "asyncmy"): self._insert,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = (await receive()).get("body", b"")
        status, answer = 200, b""
        if scope["path"] != "/ready":
            if self._pool is None:
                self._pool = await _pool()
            claims = self._tokens.claims(dict(scope["headers"])[b"authorization"].decode())
            assert claims is not None
            _, kind, _, list_id, _ = scope["path"].split("/")
            handler = self._handlers[scope["method"], kind]
            status, answer = await handler(UUID(list_id), UUID(claims["sub"]), body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _rows(self, list_id: UUID, account_id: UUID) -> tuple[bytes, bytes]:
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(PAGE, (f"list:{list_id}", list_id.bytes, account_id.bytes))
            rows = await cursor.fetchall()
        seq, epoch = rows[0][1], rows[0][2].decode()
        about = b'],"next":null,"seq":%d,"epoch":"%s"}' % (seq, epoch.encode())
        return b'{"items":[' + b",".join(row[0] for row in rows) + about, str(seq).encode()

    async def _page(self, list_id: UUID, account_id: UUID, _: bytes) -> tuple[int, bytes]:
        return 200, (await self._rows(list_id, account_id))[0]

    async def _checked(self, list_id: UUID, account_id: UUID, _: bytes) -> tuple[int, bytes]:
        """The page from memory if Redis says that it is still the newest."""
        newest = await self._redis.get(f"version:{list_id}")
        page, version = self._pages.get(list_id, (b"", b""))
        if newest is None or newest != version:
            page, version = await self._rows(list_id, account_id)
            self._pages[list_id] = page, version
            await self._redis.set(f"version:{list_id}", version)
        return 200, page

    async def _insert(self, list_id: UUID, account_id: UUID, body: bytes) -> tuple[int, bytes]:
        title, task_id = orjson.loads(body)["title"], uuid4()
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(INSERT, (list_id.bytes, task_id.bytes, title, account_id.bytes))
        answer = {"id": task_id, "list_id": list_id, "parent_id": None, "title": title, "notes": ""}
        answer |= {"done": False, "done_at": None, "due": None, "priority": 0, "labels": []}
        return 201, orjson.dumps(answer | {"assignee_ids": [], "position": "a0", "version": 1})


async def _pool() -> Any:
    url = urlsplit(os.environ["DATABASE_URL"])
    return await asyncmy.create_pool(
        host=url.hostname,
        port=url.port,
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        db=url.path[1:],
        minsize=10,
        maxsize=10,
        autocommit=True,
    )


if __name__ == "__main__":
    serve(Rows())
