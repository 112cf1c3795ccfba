"""What the server says in the end: the logs as they stand in the databases, and what clients can fetch."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import pymysql

from tests.faults.clock import Clock
from tests.faults.load import Load
from tests.faults.loading import load, load_own, load_unread
from tests.faults.member import Member
from tests.faults.record import Json, Period, Record, log_name
from tests.faults.system import REPLICAS, System
from tests.faults.view import Items, View

SERVICES = ("todo", "chat")


@dataclass(frozen=True)
class Entry:
    """A row of a log."""

    seq: int
    kind: str
    resource: str
    data: Json  # {} once it was emptied
    revokes: tuple[str, ...] | str | None


@dataclass
class Screen:
    """What one client shows, or what a replica would show it afresh."""

    own: dict[str, set[str]]  # service → ids of lists, or rooms
    views: dict[str, View]  # log → resources
    unread: Items


@dataclass
class History:
    """All that the checker gets."""

    records: list[Record]
    logs: dict[str, list[Entry]]  # by name, in order
    heads: dict[str, int]  # the number at which each says it stands
    periods: list[Period] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    screens: dict[str, Screen] = field(default_factory=dict)  # by account
    fresh: dict[str, list[Screen]] = field(default_factory=dict)  # by account, one a replica


async def history(system: System, load_: Load, periods: list[Period], clock: Clock) -> History:
    """Everything, once the clients have come to rest."""
    logs, heads = await asyncio.to_thread(read_logs, system)
    found = History(load_.records, logs, heads, periods, clock)
    await asyncio.gather(*(_add(found, member) for member in load_.members))
    return found


async def _add(found: History, member: Member) -> None:
    account = member.client.id
    found.screens[account] = await _shown(member)
    found.fresh[account] = [await _fetched(member, replica) for replica in range(REPLICAS)]


def read_logs(system: System) -> tuple[dict[str, list[Entry]], dict[str, int]]:
    """Every log of todo and chat, with the number at which it stands."""
    heads = read_heads(system)
    logs: dict[str, list[Entry]] = {name: [] for name in heads}
    for service in SERVICES:
        columns = "SELECT topic, seq, kind, resource_id, data, revokes FROM events ORDER BY topic, seq"
        for topic, seq, kind, resource, data, revokes in _rows(system, service, columns):
            name = log_name(topic.decode(), service)
            ended = json.loads(revokes) if revokes else None
            entry = Entry(
                seq,
                kind.decode(),
                str(UUID(bytes=resource)),
                json.loads(data) if data else {},
                tuple(ended) if isinstance(ended, list) else ended,
            )
            logs.setdefault(name, []).append(entry)
    return logs, heads


def read_heads(system: System) -> dict[str, int]:
    """The number at which each log stands."""
    return {
        log_name(topic.decode(), service): seq
        for service in SERVICES
        for topic, seq in _rows(system, service, "SELECT topic, seq FROM topics")
    }


def _rows(system: System, service: str, statement: str) -> tuple[tuple[Any, ...], ...]:
    address = urlsplit(system.stack.database_url(service))
    with (
        pymysql.connect(
            host=address.hostname,
            port=address.port or 3306,
            user=unquote(address.username or ""),
            password=unquote(address.password or ""),
            database=address.path.strip("/"),
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return cursor.fetchall()


async def _shown(member: Member) -> Screen:
    own = {
        service: set(follower.views[member.own].items.get(noun, {}))
        for service, noun, follower in (("todo", "list", member.todo), ("chat", "room", member.chat))
        if member.own in follower.views
    }
    views = {log_name(f"list:{name}"): view for name, view in member.lists().items()}
    views |= {log_name(f"room:{name}"): view for name, view in member.rooms().items()}
    return Screen(own, views, await member.unread())


async def _fetched(member: Member, replica: int) -> Screen:
    client = member.client
    own: dict[str, set[str]] = {}
    views: dict[str, View] = {}
    for service, noun in (("todo", "list"), ("chat", "room")):
        mine = await load_own(client, service, replica)
        assert mine is not None, "everybody has a topic of their own"
        own[service] = set(mine.items[noun])
        for name in own[service]:
            view = await load(client, f"{noun}:{name}", replica)
            if view is not None:
                views[log_name(f"{noun}:{name}")] = view
    return Screen(own, views, await load_unread(client, replica))
