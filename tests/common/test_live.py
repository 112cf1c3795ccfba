"""The live protocol on a real socket of a real service: every frame and every close code of the design."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from common.ids import new_id
from common.log.wire import OUTBOUND_BYTES
from common.socket import TOPICS
from tests.support import Person, PersonFactory, Stack
from tests.support.forge import token_for
from tests.support.live import open_live

pytestmark = pytest.mark.system


def address(stack: Stack) -> str:
    return f"{stack.url('todo')}/api/todo/live"


@pytest.fixture
async def alice(person: PersonFactory) -> Person:
    return await person("Alice")


async def new_list(person: Person, title: str = "Groceries") -> str:
    answer = await person.post("/api/todo/lists", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def add_task(person: Person, list_id: str, title: str = "Milk", **fields: Any) -> dict[str, Any]:
    answer = await person.post(f"/api/todo/lists/{list_id}/tasks", json={"title": title, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_ready_ping_and_a_live_event(alice: Person) -> None:
    """What a client meets on a good day, to the letter."""
    topic = f"list:{await new_list(alice)}"
    async with alice.live("todo") as live:
        ready = live.frames[0]
        assert ready.keys() == {"op", "account_id", "expires_at"}
        assert ready["account_id"] == alice.id
        await live.send({"op": "ping"})
        assert await live.frame(op="pong") == {"op": "pong"}
        subscribed = await live.subscribe(topic)
        assert subscribed.keys() == {"op", "topic", "seq", "epoch", "recovered"}
        task = await add_task(alice, topic.removeprefix("list:"))
        event = await live.frame(op="event")
        assert event.keys() == {"op", "topic", "seq", "kind", "at", "actor_id", "data"}
        assert (event["seq"], event["kind"], event["actor_id"]) == (2, "task.created", alice.id)
        assert event["data"] == task


async def test_resume_gives_what_was_missed_once_in_order(alice: Person) -> None:
    """`after` with its epoch, as a client that was away sends it."""
    list_id = await new_list(alice)
    topic = f"list:{list_id}"
    async with alice.live("todo") as live:
        first = await live.subscribe(topic, after=0)
    for number in range(30):
        await add_task(alice, list_id, str(number))
    async with alice.live("todo") as live:
        again = await live.subscribe(topic, after=first["seq"], epoch=first["epoch"])
        assert again | {"recovered": True, "seq": 31} == again
        await live.frame(op="event", seq=31)
        assert [event["seq"] for event in live.events(topic)] == list(range(2, 32))


async def test_one_own_user_topic_even_before_anything_happened(alice: Person, person: PersonFactory) -> None:
    """`user:` is there from the start, and nobody else's is."""
    bob = await person("Bob")
    async with alice.live("todo") as live:
        assert (await live.subscribe(f"user:{alice.id}"))["seq"] == 0
        assert (await live.subscribe(f"user:{bob.id}"))["code"] == "not-found"
        list_id = await new_list(alice)
        event = await live.frame(op="event", topic=f"user:{alice.id}")
        assert (event["kind"], event["data"]["id"]) == ("list.added", list_id)


@pytest.mark.parametrize(
    "frame",
    [
        {"op": "subscribe"},
        {"op": "subscribe", "topic": "list:x y"},
        {"op": "subscribe", "topic": f"list:{new_id()}", "after": 3},
        {"op": "subscribe", "topic": f"list:{new_id()}", "after": -1, "epoch": "e"},
        {"op": "subscribe", "topic": f"list:{new_id()}", "more": 1},
        {"op": "shout"},
        {"op": "typing", "topic": f"room:{new_id()}"},
        {"op": "focus", "topic": None},
        ["op"],
    ],
)
async def test_a_refused_frame_leaves_the_socket_open(alice: Person, frame: Any) -> None:
    """invalid-frame, and the next frame is answered."""
    async with alice.live("todo") as live:
        await live.send(frame)
        assert (await live.frame(op="error"))["code"] == "invalid-frame"
        await live.send({"op": "ping"})
        await live.frame(op="pong")


@pytest.mark.parametrize("topic", ["list", "room", "nothing"])
async def test_what_is_not_there_or_not_yours_is_not_found(
    alice: Person, person: PersonFactory, topic: str
) -> None:
    """The same answer for both; a service-wide topic is nobody's."""
    bob = await person("Bob")
    private = f"list:{await new_list(bob)}"
    async with alice.live("todo") as live:
        for name in (private, f"{topic}:{new_id()}", "lists"):
            error = await live.subscribe(name)
            assert (error["op"], error["code"], error["ref_op"]) == ("error", "not-found", "subscribe")


async def test_too_many_topics(alice: Person) -> None:
    """500 are kept, the 501st is refused; one given back makes room."""
    first, *more = [await new_list(alice) for _ in range(TOPICS + 1)]
    async with alice.live("todo") as live:
        assert (await live.subscribe(f"list:{first}"))["op"] == "subscribed"
        for list_id in more:
            await live.send({"op": "subscribe", "topic": f"list:{list_id}"})
        refused = await live.frame(op="error", timeout=20)
        assert (refused["code"], refused["topic"]) == ("too-many-topics", f"list:{more[-1]}")
        await live.send({"op": "unsubscribe", "topic": f"list:{first}"})
        assert (await live.subscribe(f"list:{more[-1]}"))["op"] == "subscribed"


async def test_unsubscribed_topics_are_silent(alice: Person) -> None:
    """Nothing of it follows."""
    list_id = await new_list(alice)
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}")
        await live.send({"op": "unsubscribe", "topic": f"list:{list_id}"})
        await live.send({"op": "ping"})
        await live.frame(op="pong")
        await add_task(alice, list_id)
        await live.subscribe(f"list:{list_id}")
        await add_task(alice, list_id)
        await live.frame(op="event", seq=3)
        assert [event["seq"] for event in live.events(f"list:{list_id}")] == [3]


async def test_a_deletion_empties_what_the_log_said(alice: Person) -> None:
    """A late reader gets every number, and nothing of the content."""
    list_id = await new_list(alice)
    task = await add_task(alice, list_id, "secret")
    await alice.delete(f"/api/todo/lists/{list_id}/tasks/{task['id']}")
    async with alice.live("todo") as live:
        await live.subscribe(f"list:{list_id}", after=0)
        last = await live.frame(op="event", seq=3)
        assert last["data"] == {"id": task["id"], "version": 3}
        created = live.events(f"list:{list_id}")[1]
        assert created["data"] == {"id": task["id"], "version": 2}


# Close codes


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ("not json", 4501),
        (json.dumps({"op": "ping"}), 4501),
        (json.dumps({"op": "auth", "token": "x" * 20_000}), 4501),
        (json.dumps({"op": "auth", "token": "nonsense"}), 4500),
        (b"binary", 4501),
    ],
)
async def test_a_bad_beginning(stack: Stack, first: str | bytes, code: int) -> None:
    """The first frame must be auth, and must be good."""
    async with open_live(address(stack), None) as live:
        await live.connection.send(first)
        assert await live.ended() == code


@pytest.mark.parametrize("bad", ["{", b"\x00", "x" * 20_000, '{"op":"ping"' + " " * 16_384 + "}"])
async def test_a_protocol_violation_closes_4501(alice: Person, bad: str | bytes) -> None:
    """Not JSON, binary, larger than 16 KiB."""
    async with alice.live("todo") as live:
        await live.connection.send(bad)
        assert await live.ended() == 4501


@pytest.mark.slow
async def test_no_auth_in_time_closes_4003(stack: Stack) -> None:
    """Ten seconds."""
    async with open_live(address(stack), None) as live:
        assert await live.ended(timeout=20) == 4003


async def test_an_expired_token_closes_4004(stack: Stack, alice: Person) -> None:
    """At the first frame, and when its time comes; a fresh one in time keeps the socket."""
    async with open_live(address(stack), None) as live:
        await live.send({"op": "auth", "token": token_for(stack, alice, seconds=-10)})
        assert await live.ended() == 4004
    async with open_live(address(stack), token_for(stack, alice, seconds=3)) as live:
        assert await live.ended() == 4004
    async with open_live(address(stack), token_for(stack, alice, seconds=3)) as live:
        await live.send({"op": "auth", "token": alice.token})
        renewed = await live.frame(op="ready")
        assert renewed["expires_at"] > live.frames[0]["expires_at"]
        async with open_live(address(stack), token_for(stack, alice, seconds=3)) as other:
            assert await other.ended() == 4004
        await live.send({"op": "ping"})
        await live.frame(op="pong")


async def test_another_session_or_account_closes_4500(alice: Person, person: PersonFactory) -> None:
    """A socket belongs to one session for its life."""
    bob = await person("Bob")
    async with alice.live("todo") as live:
        await live.send({"op": "auth", "token": bob.token})
        assert await live.ended() == 4500
    async with alice.live("todo") as live:
        await alice.sign_in()
        await live.send({"op": "auth", "token": alice.token})
        assert await live.ended() == 4500


async def test_sign_out_closes_4500(alice: Person) -> None:
    """Everywhere, at once."""
    async with alice.live("todo") as live, alice.live("chat") as chat:
        assert (await alice.delete("/api/auth/sessions/current")).status_code == 204
        assert await live.ended(timeout=2) == 4500
        assert await chat.ended(timeout=2) == 4500


async def test_a_foreign_origin_closes_4503(stack: Stack, alice: Person) -> None:
    """Accepted first, so that the browser sees the code; our own origin and none are fine."""
    async with open_live(address(stack), None, origin="https://evil.example") as live:
        assert await live.ended() == 4503
    async with open_live(address(stack), alice.token, origin=stack.url("todo")) as live:
        assert live.frames[0]["op"] == "ready"


async def test_a_shutdown_closes_4001_spread_over_the_drain(
    new_stack: Callable[..., Stack], person: PersonFactory
) -> None:
    """SIGTERM: not ready, sockets sent away one by one, requests still answered, then a clean end."""
    stack = new_stack(names=("auth", "todo"), env={"TODOLIST_DRAIN_SECONDS": "2"})
    alice = await person("Alice", stack=stack)
    async with alice.live("todo") as one, alice.live("todo") as two, alice.live("todo") as three:
        ending = asyncio.create_task(asyncio.to_thread(stack.service("todo").stop))
        lives = [one, two, three]
        closings = [asyncio.create_task(live.ended()) for live in lives]
        await asyncio.wait(closings, return_when="FIRST_COMPLETED")
        assert any(live.closed is None for live in lives), "all were closed in the same instant"
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{stack.url('todo')}/readyz")).status_code == 503
            assert (await client.get(f"{stack.url('todo')}/livez")).status_code == 200
        answer = await alice.get("/api/todo/lists")
        assert answer.status_code == 200
        assert answer.headers["connection"] == "close"  # else a proxy's next request meets a closed one
        with pytest.raises(InvalidStatus) as refused:  # so that a proxy turns to another replica
            async with alice.live("todo"):
                pass
        assert refused.value.response.status_code == 503
        assert set(await asyncio.gather(*closings)) == {4001}
        await ending


@pytest.mark.slow
async def test_a_slow_reader_is_closed_4002_without_delaying_others(stack: Stack, alice: Person) -> None:
    """It does not read; others get every event meanwhile; afterwards it resumes complete."""
    list_id = await new_list(alice)
    topic = f"list:{list_id}"
    slow = await _raw_socket(stack, alice, topic)
    with slow:
        await _write_until_closed(stack, alice, list_id, slow)


async def _write_until_closed(stack: Stack, alice: Person, list_id: str, slow: socket.socket) -> None:
    topic = f"list:{list_id}"
    async with alice.live("todo") as quick:
        await quick.subscribe(topic, after=0)
        sent = 0
        deadline = asyncio.get_running_loop().time() + 60
        while _metric(stack, "live_slow_readers_total") < 1:
            assert asyncio.get_running_loop().time() < deadline, "never closed"
            await asyncio.gather(*(add_task(alice, list_id, "x", notes="n" * 9000) for _ in range(40)))
            sent += 40
        assert sent * 9000 < 2 * OUTBOUND_BYTES, "the kernel kept what was to count"
        await quick.frame(op="event", seq=sent + 1)
        assert [event["seq"] for event in quick.events(topic)] == list(range(1, sent + 2))
    data = await asyncio.to_thread(_read_all, slow)
    assert (4002).to_bytes(2) + b"too slow" in data[-200:]
    async with alice.live("todo") as again:
        answer = await again.subscribe(topic, after=0)
        if answer["recovered"]:
            await again.frame(op="event", seq=sent + 1)
            assert [event["seq"] for event in again.events(topic)] == list(range(1, sent + 2))


def _metric(stack: Stack, name: str) -> float:
    text = httpx.get(f"{stack.url('todo')}/metrics", trust_env=False).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} ")))


async def _raw_socket(stack: Stack, person: Person, topic: str) -> socket.socket:
    """A socket with a small receive buffer that is subscribed and then never read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, port = stack.url("todo").removeprefix("http://").split(":")
    raw.connect((host, int(port)))
    raw.sendall(
        b"GET /api/todo/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await _until(raw, b"\r\n\r\n")
    for frame in ({"op": "auth", "token": person.token}, {"op": "subscribe", "topic": topic}):
        raw.sendall(_masked(json.dumps(frame).encode()))
    await _until(raw, b'"subscribed"')
    return raw


async def _until(raw: socket.socket, end: bytes) -> None:
    got = b""
    while end not in got:
        more = await asyncio.to_thread(raw.recv, 4096)
        assert more, f"closed after {got!r}"
        got += more


def _masked(payload: bytes) -> bytes:
    """A client's text frame (RFC 6455 section 5.3), masked with zeros."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x81" + length + bytes(4) + payload


def _read_all(raw: socket.socket) -> bytes:
    raw.settimeout(20)
    data = b""
    with raw:
        while b"too slow" not in data[-200:] and (more := raw.recv(65536)):
            data += more
    return data
