"""What the front end lets through to the services, and what it does not."""

import asyncio
import json

from tests.compose.project import Project
from tests.compose.users import LISTS
from tests.support import PersonFactory, eventually

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


async def raw(project: Project, head: str, *bodies: bytes) -> bytes:
    """Send a request byte by byte as it is; the answer until the connection ends or nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", project.port)
    try:
        writer.write(head.encode())
        for body in bodies:
            await writer.drain()
            writer.write(body)
        await writer.drain()
        return await asyncio.wait_for(reader.read(65536), 10)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_body_arrives_whatever_upgrade_is_offered(project: Project, person: PersonFactory) -> None:
    """Java's HttpClient offers HTTP/2 with every request."""
    alice = await person("Alice")
    body = json.dumps({"title": "By Java"}).encode()
    head = (
        f"POST {LISTS} HTTP/1.1\r\nHost: todolist\r\nAuthorization: Bearer {alice.token}\r\n{H2C}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await raw(project, head, body)
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    titles = [each["title"] for each in (await alice.get(LISTS)).json()["items"]]
    assert titles == ["By Java"]


async def test_a_body_is_never_read_as_the_next_request(project: Project, person: PersonFactory) -> None:
    """A service that took the upgrade for real would find a request in the body, past every rule here."""
    alice = await person("Alice")
    hidden = (
        b"GET /api/todo/internal/log/lists HTTP/1.1\r\nHost: todolist\r\nX-Request-Id: smuggled-one\r\n\r\n"
    )
    padding = b"\r\n" * 150_000
    head = f"POST {LISTS} HTTP/1.1\r\nHost: todolist\r\n{H2C}Content-Type: application/json\r\n"
    size = len(padding) + len(hidden)
    answer = await raw(project, f"{head}Content-Length: {size}\r\n\r\n", padding, hidden)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    marker = {"X-Request-Id": "a-request-after-it"}
    assert (await alice.get(LISTS, headers=marker)).status_code == 200

    async def logged() -> str:
        said = project.compose("logs", "--no-color", "todo")
        return said if "a-request-after-it" in said else ""

    assert "smuggled-one" not in await eventually(logged)


async def test_what_is_inside_stays_inside(project: Project, person: PersonFactory) -> None:
    alice = await person("Alice")
    for path in (
        "/api/todo/internal/log/lists",
        "/api/todo/%69nternal/log/lists",
        "/api/auth//internal/log/users",
    ):
        head = f"GET {path} HTTP/1.1\r\nHost: todolist\r\nConnection: close\r\n\r\n"
        assert (await raw(project, head)).startswith(b"HTTP/1.1 404 "), path
    page = await alice.client.get(f"{project.url()}/metrics")
    assert "text/html" in page.headers["content-type"]  # a page of the application, as every other path


async def test_what_people_search_for_stands_in_no_log(project: Project, person: PersonFactory) -> None:
    """Not even when a service is away, of which nginx itself would tell, with the whole request."""
    alice = await person("Alice")
    project.kill("chat")
    try:
        answer = await alice.get(
            "/api/chat/rooms?q=a-secret-hobby", headers={"X-Request-Id": "search-while-away"}
        )
        assert answer.status_code == 503
    finally:
        project.start("chat")

    async def logged() -> str:
        said = project.compose("logs", "--no-color", "frontend")
        return said if "search-while-away" in said else ""

    assert "a-secret-hobby" not in await eventually(logged)

    async def whole() -> bool:
        return project.whole()

    await eventually(whole, timeout=120)
