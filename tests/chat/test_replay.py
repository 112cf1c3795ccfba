"""A snapshot taken over at any moment, and followed on, leads to the same rooms as following throughout."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from chat.actions import following
from chat.models import Member, Room
from chat.settings import Settings
from chat.topics import list_room_id, room_topic
from common.clock import now
from common.database import Database
from common.ids import new_id
from common.log.reader import read_after
from common.log.source import FollowedEvent
from common.log.writer import Writer
from common.migrate import migrate

Json = dict[str, Any]
ROLES = ("owner", "editor", "viewer")


class Lists:
    """todo, as far as `lists` tells of it: what is, and what happened."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.now: dict[UUID, Json] = {}
        self.events: list[FollowedEvent] = []
        self.seqs: dict[UUID, int] = {}
        self.people = [new_id() for _ in range(3)]

    def step(self) -> None:
        """Something happens to some list."""
        what = self.chance.random()
        if what < 0.15 or not self.now:
            self._create(new_id())
            return
        list_id, it = self.chance.choice(list(self.now.items()))
        someone = self.chance.choice(self.people)
        if what < 0.35:
            self.rename(list_id, self.chance.choice("ABC"))
        elif what < 0.7:
            self.put(list_id, someone, self.chance.choice(ROLES))
        elif what < 0.95:
            if someone in it["members"]:
                del it["members"][someone]
                gone = {"list_id": str(list_id), "account_id": str(someone), "version": self._next(list_id)}
                self._tell("member.removed", someone, gone)
        else:
            del self.now[list_id]
            self._tell("list.deleted", list_id, {"id": str(list_id), "version": self._next(list_id)})

    def rename(self, list_id: UUID, title: str) -> None:
        """A list gets another title."""
        it = self.now[list_id]
        it |= {"title": title, "version": self._next(list_id)}
        self._tell("list.updated", list_id, {key: it[key] for key in ("id", "title", "version")})

    def put(self, list_id: UUID, someone: UUID, role: str) -> None:
        """Someone gets a role in a list."""
        member = {"account_id": str(someone), "role": role, "version": self._next(list_id)}
        self.now[list_id]["members"][someone] = member
        self._tell("member.put", someone, member | {"list_id": str(list_id)})

    def snapshot(self) -> list[Json]:
        """All lists as they are."""
        return [it | {"members": list(it["members"].values())} for it in self.now.values()]

    def rooms(self) -> dict[UUID, Any]:
        """What the rooms have to be."""
        return {
            list_room_id(list_id): (
                it["title"],
                {UUID(member["account_id"]): member["role"] for member in it["members"].values()},
            )
            for list_id, it in self.now.items()
        }

    def _create(self, list_id: UUID) -> None:
        self.seqs[list_id] = 0
        it = {"id": str(list_id), "title": "A", "version": self._next(list_id)}
        self.now[list_id] = it | {"members": {}}
        self._tell("list.created", list_id, it)
        self.put(list_id, self.people[0], "owner")

    def _next(self, list_id: UUID) -> int:
        self.seqs[list_id] += 1
        return self.seqs[list_id]

    def _tell(self, kind: str, resource_id: UUID, data: Json) -> None:
        seq = len(self.events) + 1
        self.events.append(FollowedEvent(seq, kind, resource_id, self.people[0], now(), dict(data)))


class Chat:
    """Chat's database and its write path, without the service around it."""

    def __init__(self, url: str) -> None:
        key = SecretStr("x" * 32)
        settings = Settings(database_url=SecretStr(url), redis_url=SecretStr("redis://none"), service_key=key)
        self.database = Database(settings)
        self.log = Writer(self.database, lambda _: None)

    async def apply(self, event: FollowedEvent) -> None:
        """Follow one event."""
        await self.log.write([], lambda tx: following.apply(tx, event))

    async def take_over(self, items: list[Json]) -> None:
        """What a follower does with a snapshot."""
        for item in items:
            await self.log.write([], partial(following.restore, item=item))
        ids = {UUID(item["id"]) for item in items}
        await self.log.write([], lambda tx: following.retain(tx, ids))

    async def rooms(self) -> dict[UUID, Any]:
        """The rooms there are, with who is in them."""
        async with self.database.read() as db:
            titles = await db.execute(select(Room.id, Room.title).where(Room.deleted_at.is_(None)))
            found: dict[UUID, Any] = {room.id: (room.title, {}) for room in titles}
            for member in await db.execute(select(Member.room_id, Member.account_id, Member.role)):
                found[member.room_id][1][member.account_id] = member.role
        return found

    async def log_of(self, room_id: UUID) -> list[str]:
        """The kinds of a room's events, in their order."""
        async with self.database.read() as db:
            events, _ = await read_after(db, room_topic(room_id), 0, 1000)
        return [event.kind for event in events]


@pytest.fixture
async def chats(new_database: Callable[[], str]) -> AsyncIterator[list[Chat]]:
    """Two of them, empty."""
    urls = [new_database() for _ in range(2)]
    for url in urls:
        migrate("chat", url)
    made = [Chat(url) for url in urls]
    yield made
    for chat in made:
        await chat.log.close()
        await chat.database.close()


async def test_a_snapshot_at_any_moment(chats: list[Chat]) -> None:
    """The head is noted first, so a snapshot may hold more: that is told again, and changes nothing."""
    chance = random.Random(5)
    follower, latecomer = chats
    for _ in range(6):
        lists = Lists(chance)
        for _ in range(chance.randrange(1, 15)):
            lists.step()
        known = chance.randrange(len(lists.events))
        for event in lists.events[:known]:
            await latecomer.apply(event)
        head = len(lists.events)
        for _ in range(chance.randrange(8)):  # happens while the snapshot is on its way
            lists.step()
        await latecomer.take_over(lists.snapshot())
        assert await latecomer.rooms() == lists.rooms()
        for _ in range(chance.randrange(8)):
            lists.step()
        for event in lists.events[head:]:
            await latecomer.apply(event)
        for event in lists.events:
            await follower.apply(event)
        assert await latecomer.rooms() == lists.rooms()
        for event in lists.events:  # should it all be told again, it ends the same
            await follower.apply(event)
        followed = await follower.rooms()
        assert {room: followed[room] for room in followed if room in lists.rooms()} == lists.rooms()


async def test_what_a_snapshot_held_is_not_done_again(chats: list[Chat]) -> None:
    """Neither a title nor a role of before comes back for a moment, and nothing is told in the room."""
    lists = Lists(random.Random(2))
    lists.step()
    (list_id,) = lists.now
    (chat, _) = chats
    for event in lists.events:
        await chat.apply(event)
    head = len(lists.events)
    for title in "BC":
        lists.rename(list_id, title)
    for role in ("viewer", "editor"):
        lists.put(list_id, lists.people[1], role)
    await chat.take_over(lists.snapshot())
    log = await chat.log_of(list_room_id(list_id))
    assert log[-2:] == ["room.updated", "member.put"]
    for event in lists.events[head:]:
        await chat.apply(event)
    assert await chat.log_of(list_room_id(list_id)) == log
    assert await chat.rooms() == lists.rooms()


async def test_what_was_emptied_is_passed_over(chats: list[Chat]) -> None:
    """An event about something deleted since has no data left, and must not hold up the others."""
    lists = Lists(random.Random(4))
    lists.step()
    (chat, _) = chats
    for event in lists.events:
        gone = {"id": str(event.resource_id), "version": event.seq}
        await chat.apply(replace(event, data=gone))
    assert await chat.rooms() == {}


async def test_a_list_that_comes_back_has_its_room_again(chats: list[Chat]) -> None:
    """todo was restored from a backup: the list is there again, and so is its room."""
    lists = Lists(random.Random(1))
    lists.step()
    (chat, _) = chats
    for event in lists.events:
        await chat.apply(event)
    there = lists.snapshot()
    await chat.take_over([])
    assert await chat.rooms() == {}
    await chat.take_over(there)
    assert await chat.rooms() == lists.rooms()
    await chat.take_over(there)
    assert await chat.rooms() == lists.rooms()
