"""Fetching what a topic is about over HTTP: what a client begins with, and what it must equal in the end."""

from typing import Any

from tests.faults.client import Client
from tests.faults.record import log_name
from tests.faults.view import Items, Json, View

LISTS, ROOMS = "/api/todo/lists", "/api/chat/rooms"


async def load(client: Client, topic: str, replica: int | None = None) -> View | None:
    """A list with its tasks and members, or a room with its messages; None: not there, or not ours."""
    name = topic.partition(":")[2]
    base, noun, thing = (LISTS, "list", "task") if topic.startswith("list:") else (ROOMS, "room", "message")
    order: dict[str, Any] = {"after": 0} if noun == "room" else {}
    log = log_name(topic)
    first, things = await _everything(client, log, f"{base}/{name}/{thing}s", replica, order)
    if first is None:
        return None
    _, members = await _everything(client, log, f"{base}/{name}/members", replica, {})
    answer = await client.send("GET", f"{base}/{name}", replica=replica)
    if answer.status_code != 200:
        return None
    itself: Json = answer.json()
    del itself["my_role"]
    view = View()
    view.load(
        first["seq"],
        first["epoch"],
        {
            noun: {itself["id"]: itself},
            thing: {item["id"]: item for item in things},
            "member": {item["account_id"]: item for item in members},
        },
    )
    return view


async def load_own(client: Client, service: str, replica: int | None = None) -> View | None:
    """A person's own topic: which lists, or which rooms, are theirs."""
    path, noun = (LISTS, "list") if service == "todo" else (ROOMS, "room")
    first, items = await _everything(client, log_name(f"user:{client.id}", service), path, replica, {})
    if first is None:
        return None
    view = View()
    view.load(first["seq"], first["epoch"], {noun: {item["id"]: item for item in items}})
    return view


async def load_unread(client: Client, replica: int | None = None) -> Items:
    """The unread messages of each room of a person."""
    answer = await client.send("GET", "/api/chat/unread", replica=replica)
    assert answer.status_code == 200, answer.text
    return {item["room_id"]: item for item in answer.json()["items"]}


async def _everything(
    client: Client, log: str, path: str, replica: int | None, query: dict[str, Any]
) -> tuple[Json | None, list[Json]]:
    """All pages of a collection: the first as it came, and the items of all."""
    first = page = await client.page(log, path, replica=replica, **query)
    items: list[Json] = [] if page is None else page["items"]
    while page is not None and page["next"] is not None:
        page = await client.page(log, path, replica=replica, cursor=page["next"])
        items = items + (page["items"] if page is not None else [])
    return first, items
