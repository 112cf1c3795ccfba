"""What tests of replaying share: lists as todo tells of them, and chat without the service around it."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.event import listens_for

from chat.actions import following
from chat.models import Member, Message, Room
from chat.settings import Settings
from chat.topics import list_room_id, room_topic, user_topic
from common.clock import now
from common.database import Database
from common.ids import new_id
from common.log.events import Event
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
            self.create(new_id())
            return
        list_id, it = self.chance.choice(list(self.now.items()))
        someone = self.chance.choice(self.people)
        if what < 0.35:
            self.rename(list_id, self.chance.choice("ABC"))
        elif what < 0.7:
            self.put(list_id, someone, self.chance.choice(ROLES))
        elif what < 0.95:
            if someone in it["members"]:
                self.remove(list_id, someone)
        else:
            self.delete(list_id)

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

    def remove(self, list_id: UUID, someone: UUID) -> None:
        """Someone leaves a list."""
        del self.now[list_id]["members"][someone]
        gone = {"list_id": str(list_id), "account_id": str(someone), "version": self._next(list_id)}
        self._tell("member.removed", someone, gone)

    def delete(self, list_id: UUID) -> None:
        """A list is deleted."""
        del self.now[list_id]
        self._tell("list.deleted", list_id, {"id": str(list_id), "version": self._next(list_id)})

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

    def create(self, list_id: UUID) -> None:
        """A list, with its owner."""
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

    def count_statements(self) -> list[str]:
        """All that is written from now on, statement by statement."""
        statements: list[str] = []

        @listens_for(self.database.writes.engine.sync_engine, "before_cursor_execute")
        def count(_db: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
            # Only inserts of many rows go to the server as one.
            statements.extend([statement] * (len(values) if many and "INSERT" not in statement else 1))

        return statements

    async def apply(self, *events: FollowedEvent) -> None:
        """Follow what has come in one moment."""
        await self.log.write([], lambda tx: following.apply(tx, events))

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
        return [event.kind for event in await self._log(room_topic(room_id))]

    async def tables(self) -> list[list[Any]]:
        """All there is of rooms, members and messages, but for what is made here: ids of lines, and times."""
        columns: list[list[Any]] = [
            [
                *(column for column in Room.__table__.columns if column.name != "deleted_at"),
                Room.deleted_at.is_(None),
            ],
            list(Member.__table__.columns),
            [Message.room_id, Message.seq, Message.number, Message.kind, Message.author_id, Message.version],
        ]
        async with self.database.read() as db:
            return [sorted(map(tuple, await db.execute(select(*each))), key=repr) for each in columns]

    async def talk(self, numbers: int) -> None:
        """So much has been said in every room."""
        async with self.database.writes.begin() as db:
            await db.execute(update(Room).values(last_number=Room.last_number + numbers))

    async def told(self, lists: Lists) -> dict[str, list[Any]]:
        """What anybody who follows the rooms or a person has seen, but for the ids of lines."""
        topics = [room_topic(list_room_id(list_id)) for list_id in lists.seqs]
        topics += [user_topic(account_id) for account_id in lists.people]
        seen: dict[str, list[Any]] = {}
        for topic in topics:
            seen[topic] = []
            for event in await self._log(topic):
                data = orjson.loads(event.resource)
                about = data["activity"] if event.kind == "message.created" else data
                seen[topic].append((event.seq, event.kind, event.actor_id, event.revokes, about))
        return seen

    async def _log(self, topic: str) -> list[Event]:
        async with self.database.read() as db:
            events, _ = await read_after(db, topic, 0, 1000)
        return events


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Chat]:
    """An empty one, on a database of its own."""
    migrate("chat", url)
    chat = Chat(url)
    try:
        yield chat
    finally:
        await chat.log.close()
        await chat.database.close()
