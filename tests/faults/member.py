"""A client with a screen: it follows whatever is its own, shows it, and acts on what it shows."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from chat.topics import list_room_id
from tests.faults.client import Client
from tests.faults.follower import Follower
from tests.faults.loading import ROOMS, load, load_own, load_unread
from tests.faults.record import Use, log_name
from tests.faults.system import System
from tests.faults.view import Items, View

AGAIN_SECONDS = 0.5  # before a topic that was refused, but is ours as far as we know, is tried again
CURIOUS = 0.05  # the chance that an event makes the client fetch the collection at once
SHUT_OUT_SECONDS = 4.0  # that somebody who was taken out of a list tries its room
SHUT_OUT_PAUSE = 0.15


class Member:
    """One of the twenty."""

    def __init__(self, system: System, name: str, seed: str, *, replica: int | None = None) -> None:
        self.client = Client(system, name, seed)
        self.chance = self.client.chance
        self.todo = Follower(self.client, "todo", self._load_todo, self._todo_changed, replica)
        self.chat = Follower(self.client, "chat", self._load_chat, self._chat_changed, replica)
        self.read: dict[str, int] = {}  # room → how far this client has read
        self._tasks: set[asyncio.Task[None]] = set()
        self._trying: set[asyncio.Task[None]] = set()  # of these: at doors that must be shut
        self._curious = False

    @property
    def own(self) -> str:
        """The person's own topic."""
        return f"user:{self.client.id}"

    def start(self) -> None:
        """Follow everything that is one's own."""
        for follower in (self.todo, self.chat):
            follower.follow(self.own)
            self._spawn(follower.run())

    async def stop(self) -> None:
        """End sockets and requests."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.close()

    def lists(self) -> dict[str, View]:
        """The lists on screen, by id."""
        return _by_id(self.todo, "list:")

    def rooms(self) -> dict[str, View]:
        """The rooms on screen, by id."""
        return _by_id(self.chat, "room:")

    def role(self, list_id: str) -> str:
        """What the person may do in a list, as far as the screen shows."""
        view = self.lists().get(list_id)
        member = view.items.get("member", {}).get(self.client.id) if view else None
        return str(member["role"]) if member else ""

    def has_read(self, room_id: str, number: int) -> None:
        """The position in a room; it never moves back here."""
        self.read[room_id] = max(self.read.get(room_id, 0), number)

    def unsure_what_is_read(self, room_id: str) -> None:
        """Access had ended when it was sent once more, but an earlier attempt may have been carried out."""
        self.read.pop(room_id, None)

    async def unread(self) -> Items:
        """What is unread, as this client works it out: the last number it has seen less its own position."""
        found: Items = {}
        for room_id, view in self.rooms().items():
            numbers = [message["number"] or 0 for message in view.items.get("message", {}).values()]
            last = max(numbers, default=0)
            if view.vague or room_id not in self.read:
                position = (await load_unread(self.client))[room_id]
                last = max(last, position["last_number"]) if view.vague else last
                self.read.setdefault(room_id, position["read_number"])
            read = self.read[room_id]
            found[room_id] = {
                "room_id": room_id,
                "unread": last - read,
                "last_number": last,
                "read_number": read,
            }
        return found

    def shut_out(self, list_id: str, ended: float) -> None:
        """Somebody has taken us out of a list: what can still be read of it, and in its room?"""
        task = self._spawn(self._try_doors(list_id, ended))
        self._trying.add(task)
        task.add_done_callback(self._trying.discard)

    async def tried(self) -> None:
        """Wait until whatever is tried with an ended access has been tried long enough."""
        await asyncio.gather(*self._trying, *self.client.haunting)

    async def _try_doors(self, list_id: str, ended: float) -> None:
        room_id = list_room_id(UUID(list_id))
        doors = {
            "list": ("todo", f"/api/todo/lists/{list_id}/tasks"),
            "room": ("chat", f"{ROOMS}/{room_id}/messages"),
        }
        while time.monotonic() < ended + SHUT_OUT_SECONDS:
            await self.todo.knock(f"list:{list_id}")
            await self.chat.knock(f"room:{room_id}")
            for what, (service, path) in doors.items():
                sent = time.monotonic()
                answer = await self.client.once("GET", path, params={"limit": 1})
                if answer is not None and answer.status_code in (200, 404):
                    done = answer.status_code == 200
                    self.client.record.uses.append(Use(what, service, ended, sent, done))
            await asyncio.sleep(SHUT_OUT_PAUSE)

    async def _load_todo(self, topic: str) -> View | None:
        return await (load_own(self.client, "todo") if topic == self.own else load(self.client, topic))

    async def _load_chat(self, topic: str) -> View | None:
        if topic == self.own:
            return await load_own(self.client, "chat")
        view = await load(self.client, topic)
        room_id = topic.partition(":")[2]
        position = (await load_unread(self.client)).get(room_id)
        if view is None or position is None:
            return None
        self.has_read(room_id, position["read_number"])
        return view

    def _todo_changed(self, topic: str) -> None:
        self._look_after(self.todo, "list", topic)

    def _chat_changed(self, topic: str) -> None:
        self._look_after(self.chat, "room", topic)

    def _look_after(self, follower: Follower, noun: str, topic: str) -> None:
        """Follow what the person's own topic names; what is refused although it does, once more later."""
        own = follower.views.get(self.own)
        if topic == self.own:
            if own is None:
                follower.follow(topic)
            else:
                for name in own.items.get(noun, {}):
                    follower.follow(f"{noun}:{name}")
        elif topic not in follower.views:
            self._spawn(self._follow_again(follower, noun, topic))
        elif self.chance.random() < CURIOUS and not self._curious:
            self._curious = True
            self._spawn(self._look_at_once(noun, topic))

    async def _follow_again(self, follower: Follower, noun: str, topic: str) -> None:
        await asyncio.sleep(AGAIN_SECONDS)
        own = follower.views.get(self.own)
        if own is not None and topic.partition(":")[2] in own.items.get(noun, {}):
            follower.follow(topic)

    async def _look_at_once(self, noun: str, topic: str) -> None:
        """Fetch a collection right after one of its events: it must not be older than that."""
        name = topic.partition(":")[2]
        path = f"/api/todo/lists/{name}/tasks" if noun == "list" else f"{ROOMS}/{name}/messages"
        try:
            await self.client.page(log_name(topic), path, limit=5)
        finally:
            self._curious = False

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.client.record.oddities.append(f"{self.client.name}: {error!r}")


def _by_id(follower: Follower, prefix: str) -> dict[str, View]:
    views = follower.views.items()
    return {topic.removeprefix(prefix): view for topic, view in views if topic.startswith(prefix)}
