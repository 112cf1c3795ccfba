"""What every service does with a request, whatever it is about."""

import httpx
import pytest

from common.origin import same_host
from tests.support import Person, PersonFactory, Stack
from tests.support.live import open_live


async def test_a_405_names_every_method_of_the_path(person: PersonFactory) -> None:
    """Also those of other routes with the same path (RFC 9110 section 15.5.6)."""
    alice: Person = await person("Alice")
    answer = await alice.request("PUT", "/api/todo/lists")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["code"] == "method-not-allowed"


async def test_errors_point_into_the_body(person: PersonFactory) -> None:
    """JSON pointers, also where a body may be one of several kinds."""
    alice = await person("Alice")
    for path, body, pointer, code in (
        ("/api/todo/lists", {}, "/title", "missing"),
        ("/api/todo/lists", {"title": "x", "a/b~c": 1}, "/a~1b~0c", "unknown-field"),
        ("/api/chat/rooms", {"kind": "group"}, "/title", "missing"),
        ("/api/chat/rooms", {"kind": "group", "title": "x", "more": 1}, "/more", "unknown-field"),
    ):
        answer = await alice.post(path, json=body)
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    answer = await alice.get("/api/todo/lists?limit=0")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["limit"]


async def test_probes_and_metrics(stack: Stack) -> None:
    """Not under /api, so that the front end does not route them."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for name in ("auth", "todo", "chat"):
            assert (await client.get(f"{stack.url(name)}/livez")).status_code == 200
            ready = (await client.get(f"{stack.url(name)}/readyz")).json()
            assert ready == {
                "ready": True,
                "draining": False,
                "redis": "connected",
                "mysql": "connected",
                "missing_settings": [],
            }
            metrics = (await client.get(f"{stack.url(name)}/metrics")).text
            assert "http_request_duration_seconds" in metrics
            assert "redis_subscribed 1.0" in metrics


@pytest.mark.parametrize("origin", ["http://[", "null", "", "http://other", "//"])
def test_an_origin_that_is_none_of_ours(origin: str) -> None:
    """Whatever a client sends, it is an answer, not an error."""
    assert not same_host(origin, "ours:8080")
    assert same_host("http://ours:8080", "ours:8080")


async def test_a_hostile_token_or_origin_is_no_error_of_ours(stack: Stack) -> None:
    """Deep nesting in the header of a token, and an address that is none."""
    nested = "W1tb" * 500
    async with httpx.AsyncClient(trust_env=False) as client:
        for name, path in (("todo", "/api/todo/lists"), ("todo", "/api/todo/internal/log/lists")):
            headers = {"Authorization": f"Bearer {nested}.e30.e30"}
            answer = await client.get(stack.url(name) + path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad-token")
        body = {"email": "a@example.com", "password": "irrelevant here"}
        url = f"{stack.url('auth')}/api/auth/sessions"
        answer = await client.post(url, json=body, headers={"Origin": "http://["})
        assert answer.status_code == 403
    live = f"{stack.url('todo')}/api/todo/live"
    async with open_live(live, None, origin="http://[") as socket:
        assert await socket.ended() == 4503
    async with open_live(live, None) as socket:
        await socket.send({"op": "auth", "token": f"{nested}.e30.e30"})
        assert await socket.ended() == 4500
