"""What every service does with a request, whatever it is about."""

import httpx

from tests.support import Person, PersonFactory, Stack


async def test_a_405_names_every_method_of_the_path(person: PersonFactory) -> None:
    """Also those of other routes with the same path (RFC 9110 section 15.5.6)."""
    alice: Person = await person("Alice")
    answer = await alice.request("PUT", "/api/todo/lists")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["code"] == "method-not-allowed"


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
