"""People who use a running system steadily, and write down what became of each request and each socket."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from common.ids import new_id
from tests.support import Person, PersonFactory, eventually

LISTS, ROOMS = "/api/todo/lists", "/api/chat/rooms"
PAUSE_SECONDS = 0.05  # between two requests of one person
BACKOFF_SECONDS = 0.5  # a client's first wait is at most this; it doubles, with full jitter, up to 5
FOR_GOOD = range(4500, 5000)  # close codes after which a client does not come back (common/log/frames.py)


class Follower:
    """A live socket on one topic that comes back by itself and resumes where it was."""

    def __init__(self, person: Person, topic: str) -> None:
        self.person = person
        self.topic = topic
        self.service = "todo" if topic.startswith("list:") else "chat"
        self.seqs: list[int] = []  # numbers of the events that came, in the order they came
        self.start = 0  # the number it began behind
        self.epoch = ""
        self.away: list[float] = []  # seconds each time from losing the socket to following again
        self.codes: list[int | None] = []  # close codes
        self.subscribed = asyncio.Event()
        self._lost: float | None = None

    @property
    def seq(self) -> int:
        """The last number it has."""
        return self.seqs[-1] if self.seqs else self.start

    @property
    def complete(self) -> bool:
        """Whether every number came exactly once, in order."""
        return self.seqs == list(range(self.start + 1, self.start + 1 + len(self.seqs)))

    async def run(self) -> None:
        """Follow until cancelled."""
        address = self.person.address(f"/api/{self.service}/live").replace("http", "ws", 1)
        attempt = 0
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                async with connect(address, proxy=None, open_timeout=3, close_timeout=1) as socket:
                    await self._follow(socket)
            if self.subscribed.is_set():
                self.subscribed.clear()
                self._lost, attempt = time.monotonic(), 0
                self.codes.append(socket.close_code)
                assert socket.close_code not in FOR_GOOD, f"{self.topic} was closed with {socket.close_code}"
            await asyncio.sleep(random.uniform(0, min(BACKOFF_SECONDS * 2**attempt, 5)))
            attempt += 1

    async def _follow(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"op": "auth", "token": self.person.token}))
        place: dict[str, Any] = {"after": self.seq, "epoch": self.epoch} if self.epoch else {}
        async for text in socket:
            frame = json.loads(text)
            if frame["op"] == "ready":
                await socket.send(json.dumps({"op": "subscribe", "topic": self.topic, **place}))
            elif frame["op"] == "subscribed":
                self._begin(frame)
            elif frame["op"] == "event":
                self.seqs.append(frame["seq"])

    def _begin(self, frame: dict[str, Any]) -> None:
        if not self.epoch:
            self.start = frame["seq"]
        assert not self.epoch or frame["recovered"], f"{self.topic} was not recovered: {frame}"
        self.epoch = frame["epoch"]
        self.subscribed.set()
        if self._lost is not None:
            self.away.append(time.monotonic() - self._lost)
            self._lost = None


@dataclass
class User:
    """Someone with a list and its room, who writes into both and reads them all the time."""

    person: Person
    list_id: str
    room_id: str
    followers: list[Follower]
    tasks: set[str] = field(default_factory=set)  # ids of those that were acknowledged
    messages: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    requests: int = 0

    async def run(self) -> None:
        """Use the system until cancelled; nothing is tried twice."""
        tasks, messages = f"{LISTS}/{self.list_id}/tasks", f"{ROOMS}/{self.room_id}/messages"
        while True:
            await self._create(tasks, "title", self.tasks)
            await self._create(messages, "body", self.messages)
            await self._send("GET", tasks)
            await self._send("GET", "/api/chat/unread")
            await self._send("GET", "/api/auth/me")

    async def _create(self, path: str, text: str, acknowledged: set[str]) -> None:
        made = str(new_id())
        if await self._send("POST", path, json={"id": made, text: f"number {len(acknowledged)}"}):
            acknowledged.add(made)

    async def _send(self, method: str, path: str, **options: Any) -> bool:
        self.requests += 1
        began = time.time()
        try:
            answer = await self.person.request(method, path, **options)
            what = f"{answer.status_code} {answer.text[:200]}"
            good = answer.is_success
        except httpx.HTTPError as error:
            what, good = repr(error), False
        if not good:
            self.failures.append(f"{began:.2f} {method} {path}: {what}")
        await asyncio.sleep(PAUSE_SECONDS)
        return good

    async def lost(self) -> set[str]:
        """Ids that were acknowledged and are not there, or there twice."""
        tasks = await everything(self.person, f"{LISTS}/{self.list_id}/tasks")
        messages = [
            message["id"]
            for message in await messages_of(self.person, self.room_id)
            if message["kind"] != "activity"
        ]
        ids = [task["id"] for task in tasks]
        twice = {each for each in [*ids, *messages] if [*ids, *messages].count(each) > 1}
        return (self.tasks - set(ids)) | (self.messages - set(messages)) | twice


async def everything(person: Person, path: str) -> list[dict[str, Any]]:
    """All pages of a collection."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await person.get(path, params={"limit": 200, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


async def messages_of(person: Person, room_id: str) -> list[dict[str, Any]]:
    """All messages of a room, oldest first."""
    found: list[dict[str, Any]] = []
    while True:
        after = found[-1]["seq"] if found else 0
        answer = await person.get(f"{ROOMS}/{room_id}/messages", params={"limit": 200, "after": after})
        assert answer.status_code == 200, answer.text
        page = answer.json()["items"]
        found += page
        if len(page) < 200:
            return found


async def new_user(person: PersonFactory, name: str) -> User:
    """A person with a list, whose room is there."""
    someone = await person(name)
    made = await someone.post(LISTS, json={"title": f"{name}'s list"})
    assert made.status_code == 201, made.text
    list_id = made.json()["id"]

    async def room() -> str | None:
        rooms = (await someone.get(ROOMS, params={"list_id": list_id})).json()["items"]
        return str(rooms[0]["id"]) if rooms else None

    room_id = await eventually(room, timeout=15)
    assert room_id is not None
    followers = [Follower(someone, f"list:{list_id}"), Follower(someone, f"room:{room_id}")]
    return User(someone, list_id, room_id, followers)


@contextlib.asynccontextmanager
async def using(users: list[User]) -> AsyncIterator[None]:
    """While the block runs, everyone uses the system; a follower that fails makes the block fail."""
    followers = [follower for user in users for follower in user.followers]
    async with asyncio.TaskGroup() as group:
        following = [group.create_task(follower.run()) for follower in followers]
        await asyncio.gather(*(follower.subscribed.wait() for follower in followers))
        working = [group.create_task(user.run()) for user in users]
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
            try:
                await _settle(users)
            finally:
                for task in following:
                    task.cancel()


async def _settle(users: list[User]) -> None:
    """Until every socket has what the server has."""

    async def done() -> bool:
        for user in users:
            for follower in user.followers:
                path = f"{LISTS}/{user.list_id}" if follower.service == "todo" else f"{ROOMS}/{user.room_id}"
                answer = await user.person.get(f"{path}/events", params={"after": follower.seq})
                assert answer.status_code == 200, answer.text
                assert answer.json()["seq"] == follower.seq, (follower.topic, follower.seq)
        return True

    await eventually(done, timeout=20)
