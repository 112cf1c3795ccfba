"""Traces: one from a request in todo over MySQL and Redis to chat's follower; none unless asked for."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.chat.following import LISTS, has_room, room_of
from tests.support import PersonFactory, Stack, eventually
from tests.support.otlp import Received, Span, receiving
from tools.stack import MySQL, free_port
from tools.stack.service import PYTHONPATH

OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # milliseconds between two batches


def above(span: Span, spans: list[Span]) -> list[str]:
    """The names of a span and of all it belongs to, from the request down."""
    by_id = {each.id: each for each in spans}
    names = [f"{span.service}: {span.name}"]
    while (span := by_id.get(span.parent)) is not None:  # type: ignore[assignment]  # ends the loop
        names.insert(0, f"{span.service}: {span.name}")
    return names


def carry() -> tuple[str, dict[str, str]]:
    """A trace as a proxy begins it."""
    trace = secrets.token_hex(16)
    return trace, {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}


@pytest.fixture
def traced(new_stack: Callable[..., Stack], mysql: MySQL, worker: str) -> Callable[[str], Stack]:
    """A factory of stacks that send their traces to an address."""

    def make(endpoint: str) -> Stack:
        suffix = f"_{worker}_trace{secrets.token_hex(2)}"
        return new_stack(mysql=mysql, suffix=suffix, env={**OFTEN, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})

    return make


async def complete(received: Received, trace: str) -> list[Span]:
    """The spans of a new list, once all of both services are here."""
    request = "todo: POST /api/todo/lists < todo: append < "
    spans = received.of(trace)
    paths = {" < ".join(above(span, spans)) for span in spans}
    assert {
        f"{request}todo: SPUBLISH",
        f"{request}todo: INSERT",
        f"{request}chat: follow < chat: GET todo < todo: GET /api/todo/internal/log/{{topic}}",
        f"{request}chat: apply list.created",
        f"{request}chat: apply list.created < chat: append < chat: INSERT",
    } <= paths, paths
    return spans


async def test_a_trace_crosses_the_services(traced: Callable[[str], Stack], person: PersonFactory) -> None:
    with receiving() as received:
        stack = traced(received.url)
        alice = await person("Alice", stack=stack)
        begun: list[str] = []

        async def crossed() -> list[Span]:
            # A poll that is quicker than the publication applies an event without knowing its trace.
            trace, headers = carry()
            begun.append(trace)
            answer = await alice.post(LISTS, json={"title": "A secret title"}, headers=headers)
            await has_room(alice, answer.json()["id"])
            return await eventually(lambda: complete(received, trace), timeout=5)

        spans = await eventually(crossed, timeout=30)
        (served,) = [span for span in spans if span.name == "POST /api/todo/lists"]
        assert served.attributes["http.response.status_code"] == 201
        assert "A secret title" not in repr(received.spans)
        logged = [line for line in stack.service("todo").log.splitlines() if begun[-1] in line]
        assert any('"route":"/api/todo/lists"' in line for line in logged)


async def test_a_batch_points_at_every_request_in_it(
    traced: Callable[[str], Stack], person: PersonFactory
) -> None:
    with receiving() as received:
        alice = await person("Alice", stack=traced(received.url))
        list_id = (await alice.post(LISTS, json={"title": "Groceries"})).json()["id"]
        carried = [carry() for _ in range(20)]
        await asyncio.gather(
            *(
                alice.post(f"{LISTS}/{list_id}/tasks", json={"title": "Milk"}, headers=headers)
                for _, headers in carried
            )
        )
        traces = {trace for trace, _ in carried}

        async def all_written() -> bool:
            appends = [span for span in received.spans if span.name == "append" and span.trace in traces]
            reached = {span.trace for span in appends} | {link for span in appends for link in span.links}
            assert reached == traces
            shared = {link for span in appends for link in span.links}
            assert shared, "no transaction carried two requests"
            back = {span.trace for span in received.spans if span.trace in shared and span.links}
            assert back == shared
            return True

        await eventually(all_written, timeout=15)


async def test_polling_leaves_no_traces(traced: Callable[[str], Stack], person: PersonFactory) -> None:
    with receiving() as received:
        stack = traced(received.url)
        alice = await person("Alice", stack=stack)
        list_id = (await alice.post(LISTS, json={"title": "Groceries"})).json()["id"]
        await has_room(alice, list_id)
        await asyncio.sleep(5)  # two polls of each follower and more; nobody asks anything meanwhile
        trace, headers = carry()
        await alice.get(LISTS, headers=headers)

        async def arrived() -> bool:
            return bool(received.of(trace))  # and all that was before it

        await eventually(arrived, timeout=15)
        begun = [span.name for span in received.spans if not span.parent]
        assert begun  # signing up, and more
        assert not [name for name in begun if "/internal/" in name]


async def test_settings_that_make_no_sense_stop_nobody(
    new_stack: Callable[..., Stack], mysql: MySQL, worker: str, person: PersonFactory
) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_BSP_MAX_QUEUE_SIZE": "1"}
    stack = new_stack(mysql=mysql, suffix=f"_{worker}_trace{secrets.token_hex(2)}", env=env)
    alice = await person("Alice", stack=stack)
    assert (await alice.get(LISTS)).status_code == 200
    assert "no traces: OpenTelemetry's settings are not valid" in stack.service("todo").log


async def test_nobody_there_to_take_them(traced: Callable[[str], Stack], person: PersonFactory) -> None:
    stack = traced(f"http://127.0.0.1:{free_port()}")
    alice = await person("Alice", stack=stack)
    list_id = (await alice.post(LISTS, json={"title": "Groceries"})).json()["id"]
    await has_room(alice, list_id)
    await alice.get(f"/api/chat/rooms/{room_of(list_id)}")
    todo = stack.service("todo")

    async def complained() -> bool:
        return "opentelemetry" in todo.log or "export" in todo.log

    await eventually(complained, timeout=15)
    assert '"level":"error"' not in todo.log
    began = time.monotonic()
    await asyncio.to_thread(todo.stop)
    assert time.monotonic() - began < 6  # the drain of these stacks takes no time


def test_nothing_is_imported_unless_asked_for() -> None:
    script = (
        "import sys, common.app, common.tracing as tracing\n"
        "tracing.start('todo', '0')\n"
        "with tracing.span('step'): pass\n"
        # redis-py itself imports the API, and the SDK's metrics where that is installed.
        "names = ('opentelemetry.sdk.trace', 'opentelemetry.exporter', 'common.otel', 'google', 'requests')\n"
        "print([name for name in names if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
