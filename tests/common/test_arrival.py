"""A request has to be there in time, and its head has a size: what does not keep to that is refused."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from websockets.asyncio.client import connect

from common import arrival
from common.schemas import encode
from tests.common.serving import port_of, serving

SECONDS = 0.3


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says how much it was sent; a socket gets back what it says."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (event := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": event["text"]})
        return
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            body = encode({"size": size, "headers": len(scope["headers"])})
            start = {"type": "http.response.start", "status": 200}
            await send(start | {"headers": [(b"content-length", str(len(body)).encode())]})
            await send({"type": "http.response.body", "body": body})
            return


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with little patience."""
    monkeypatch.setattr(arrival, "SECONDS", SECONDS)
    async with serving(app, timeout_keep_alive=1) as server:
        yield port_of(server)


@contextlib.asynccontextmanager
async def line(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which anything can be said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def refusal(reader: asyncio.StreamReader) -> tuple[int, str]:
    """The status and the code of the answer, after which the connection is closed."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert document["status"] == int(head.split(b" ")[1])
    return document["status"], document["code"]


async def go_on(
    writer: asyncio.StreamWriter, more: bytes, pause: float, until: Coroutine[Any, Any, tuple[int, str]]
) -> tuple[int, str]:
    """Say more and more, until there is an answer."""
    answer = asyncio.create_task(until)
    while not answer.done():
        writer.write(more)
        await asyncio.wait([answer], timeout=pause)
    return await answer


@pytest.mark.parametrize(
    "begun",
    [
        b"GET / HTT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
    ],
)
async def test_what_does_not_come_in_time_is_refused(port: int, begun: bytes) -> None:
    """However steadily it goes on."""
    async with line(port) as (reader, writer):
        writer.write(begun)
        more = b"a" if b"X-Slow" in begun else b""
        assert await go_on(writer, more, 0.05, refusal(reader)) == (408, "too-slow")


async def test_who_says_nothing_is_left_after_a_while(port: int) -> None:
    """As long as a connection is kept between two requests."""
    async with line(port) as (reader, _):
        assert await reader.read() == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(40)),
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 40_000 + b"\r\n",
    ],
)
async def test_a_head_has_a_size(port: int, head: bytes) -> None:
    """In headers, in one of them, in the path."""
    async with line(port) as (reader, writer):
        writer.write(head + b"\r\n")
        assert await refusal(reader) == (431, "head-too-large")


async def test_a_head_without_end_is_refused_before_it_is_complete(port: int) -> None:
    """It must not grow in our memory until its time is over."""
    async with line(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nX-Long: ")
        assert await go_on(writer, b"a" * 10_000, 0.01, refusal(reader)) == (431, "head-too-large")


async def test_what_is_no_http_is_refused_as_everything_is(port: int) -> None:
    async with line(port) as (reader, writer):
        writer.write(b"\x16\x03\x01 nothing of ours\r\n\r\n")
        assert await refusal(reader) == (400, "malformed")


async def test_pieces_and_several_requests_on_a_connection_are_answered(port: int) -> None:
    """A body may be larger than a head; the time counts for each request anew."""
    first = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + b"a" * 50_000
    async with line(port) as (reader, writer):
        for number in range(4):
            for begin in range(0, len(first), 20_000):
                writer.write(first[begin : begin + 20_000])
                await writer.drain()
                await asyncio.sleep(SECONDS / 10)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head, number
            assert json.loads(await reader.readuntil(b"}"))["size"] == 50_000


async def test_a_socket_stays_open(port: int) -> None:
    """Its handshake was a request; what follows is another matter."""
    async with connect(f"ws://127.0.0.1:{port}/", proxy=None) as socket:
        await asyncio.sleep(SECONDS * 5)
        await socket.send("still there")
        assert await socket.recv() == "still there"
