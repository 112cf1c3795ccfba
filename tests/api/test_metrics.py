"""Every metric is really produced by a stack that is used a little, and no client can make new series."""

import uuid

from prometheus_client.samples import Sample

from tests.support import Person, PersonFactory, Stack, eventually
from tests.support.metrics import declared, scrape
from tools.stack.service import NAMES

OWN = {"auth": {"password_hash"}, "todo": {"page_cache"}}  # what only one service has, by how it begins
MEASURED = {  # what a little use has to leave behind, by service
    "auth": {"http_request_duration_seconds_count", "password_hash_seconds_count"},
    "todo": {"log_append_seconds_count", "log_append_batch_requests_count", "live_delivery_seconds_count"},
    "chat": {"follower_applied_total", "follower_caught_up_timestamp_seconds", "live_delivery_seconds_count"},
}
EVERYWHERE = {"db_pool_size", "mysql_connected", "redis_subscribed", "todolist_build_info"}
LIVING = {"live_sockets", "live_subscriptions", "live_topics"}


async def use(person: Person) -> None:
    """Make a list, add a task, look twice, talk in its room."""
    list_id = (await person.post("/api/todo/lists", json={"title": "Groceries"})).json()["id"]
    tasks = f"/api/todo/lists/{list_id}/tasks"
    await person.post(tasks, json={"title": "Milk"})
    for _ in range(2):
        assert (await person.get(tasks)).status_code == 200

    async def room() -> str:
        found = (await person.get("/api/chat/rooms", params={"list_id": list_id})).json()["items"]
        return str(found[0]["id"]) if found else ""

    said = await person.post(f"/api/chat/rooms/{await eventually(room)}/messages", json={"body": "Milk!"})
    assert said.status_code == 201, said.text


def positive(samples: list[Sample]) -> set[str]:
    """The names that have a value above 0."""
    return {sample.name for sample in samples if sample.value > 0}


def family(name: str) -> str:
    """The metric that a sample belongs to, as Prometheus names it."""
    for ending in ("_bucket", "_count", "_sum", "_created"):
        name = name.removesuffix(ending)
    return name


async def test_every_metric_is_produced(stack: Stack, person: PersonFactory) -> None:
    alice = await person("Alice")
    async with alice.live("todo") as todo, alice.live("chat") as chat:
        for live in (todo, chat):
            await live.subscribe(f"user:{alice.id}")
        await use(alice)
        for live in (todo, chat):
            await live.frame(op="event")
        said = {name: await scrape(stack.url(name)) for name in NAMES}
    following = {name for name in declared() if name.startswith("follower_")}
    special = set().union(*OWN.values())
    for service, samples in said.items():
        others = special - OWN.get(service, set())
        expected = {name for name in declared() if not name.startswith(tuple(others))}
        if service == "auth":
            expected -= following  # it follows nobody
        missing = expected - {family(sample.name) for sample in samples}
        assert not missing, (service, missing)
        assert MEASURED[service] | EVERYWHERE <= positive(samples), service
        if service != "auth":
            assert positive(samples) >= LIVING, service
    cached = {s.labels["result"]: s.value for s in said["todo"] if s.name == "page_cache_requests_total"}
    assert cached["hit"] > 0
    assert cached["miss"] > 0
    (build,) = [sample.labels for sample in said["chat"] if sample.name == "todolist_build_info"]
    assert (build["service"], build["role"]) == ("chat", "server")


async def test_a_client_makes_no_series(stack: Stack, person: PersonFactory) -> None:
    alice = await person("Alice")
    for name in NAMES:
        paths = [f"/api/{name}/{uuid.uuid4()}", f"/{uuid.uuid4()}", f"/api/{name}/rooms/{uuid.uuid4()}/x"]
        for path in paths:
            for method in ("GET", "POST", "PROPFIND", "MKCALENDAR"):
                await alice.client.request(method, stack.url(name) + path)
        for path in (f"/api/todo/lists/{uuid.uuid4()}", "/api/todo/lists/not-an-id"):
            assert (await alice.get(path)).status_code in (404, 422)
        seen = [s for s in await scrape(stack.url(name)) if s.name == "http_request_duration_seconds_count"]
        routes = {sample.labels["route"] for sample in seen}
        assert "none" in routes
        assert not [route for route in routes if "-" in route.replace("well-known", "")], routes
        assert {sample.labels["method"] for sample in seen} <= {
            "GET",
            "POST",
            "PATCH",
            "PUT",
            "DELETE",
            "other",
        }
        if name == "todo":
            assert "/api/todo/lists/{list_id}" in routes
