"""The load: twenty clients that share lists, write, read, let each other in and out, and sign out."""

import asyncio
import time
from functools import partial
from uuid import UUID

from chat.topics import list_room_id
from tests.faults.client import fresh
from tests.faults.loading import LISTS, load
from tests.faults.member import Member
from tests.faults.messages import Messages
from tests.faults.record import Json, Record, Write, log_name
from tests.faults.system import System
from tests.faults.view import View
from tests.support import eventually

CLIENTS = 20
SHARED = 5  # lists that clients share
MEMBERS = 8  # of each, beside its owner
PAUSE_SECONDS = 0.15  # between two actions of a client, at the most twice that
OUT_SECONDS = 5.0  # that somebody who was taken out of a list stays out
LOOKS = 3  # of each client at something that it has just been told
OWN_LISTS = 3  # that a client makes for itself, at one time


class Load:
    """The clients and what they do. `begin` … `end`; then every write has its answer."""

    def __init__(self, system: System, seed: str, *, clients: int = CLIENTS) -> None:
        self.members = [Member(system, f"client {n}", f"{seed}/{n}") for n in range(clients)]
        self.shared: dict[str, Member] = {}  # list → its owner
        self._out: dict[tuple[str, str], float] = {}  # (list, account) → when it was taken out
        self._own: dict[str, list[str]] = {}  # client → lists of its own making
        self._over = asyncio.Event()
        self._acting: list[asyncio.Task[None]] = []
        self._messages = Messages(self._text)
        self._number = 0

    @property
    def records(self) -> list[Record]:
        """What the clients have written down."""
        return [member.client.record for member in self.members]

    def acknowledged(self) -> int:
        """How many changes have been acknowledged so far."""
        return sum(write.acknowledged is not None for record in self.records for write in record.writes)

    async def begin(self) -> None:
        """Accounts, shared lists, sockets; then everybody acts."""
        await asyncio.gather(*(member.client.register() for member in self.members))
        await asyncio.gather(*(self._share(member) for member in self.members[:SHARED]))
        for member in self.members:
            member.start()
        for member in self.members:
            await eventually(partial(self._shows_rooms, member), timeout=30)
        self._acting = [asyncio.create_task(self._act(member)) for member in self.members]

    async def until(self, writes: int) -> None:
        """Let them act until so many changes have been acknowledged, a removal and a sign-out among them, and
        everybody has looked at news."""
        await asyncio.gather(self._sign_out(self.members[0]), *map(self._let_in_or_out, self.shared.values()))
        await asyncio.gather(*map(self._look_at_news, self.members))

        async def enough() -> bool:
            return self.acknowledged() >= writes

        await eventually(enough, timeout=60)

    async def end(self) -> None:
        """Nobody begins anything new; what is under way is tried until it has an answer."""
        self._over.set()
        await asyncio.gather(*self._acting)
        await asyncio.gather(*(member.tried() for member in self.members))

    async def stop(self) -> None:
        """Close every socket."""
        for task in self._acting:
            task.cancel()
        await asyncio.gather(*self._acting, return_exceptions=True)
        await asyncio.gather(*(member.stop() for member in self.members))

    async def _share(self, owner: Member) -> None:
        list_id = await self._create_list(owner)
        self.shared[list_id] = owner
        others = [member for member in self.members if member is not owner]
        for other in owner.chance.sample(others, min(MEMBERS, len(others))):
            await self._put(owner, list_id, other.client.id)

    async def _shows_rooms(self, member: Member) -> bool:
        """Whether the client shows all its lists, and the room of each."""
        own = member.todo.views.get(member.own)
        ids = set(own.items["list"]) if own is not None else None
        shown = {list_id for list_id in member.lists() if str(list_room_id(UUID(list_id))) in member.rooms()}
        return shown == ids and member.todo.settled and member.chat.settled

    async def _act(self, member: Member) -> None:
        actions = {
            self._create_task: 24,
            self._update_task: 16,
            self._delete_task: 4,
            self._messages.send: 24,
            self._messages.edit: 6,
            self._messages.delete: 3,
            self._messages.mark_read: 5,
            self._look: 8,
            self._let_in_or_out: 4,
            self._rename: 2,
            self._make_or_delete_list: 2,
            self._sign_out: 1,
        }
        while not self._over.is_set():
            await member.chance.choices(list(actions), list(actions.values()))[0](member)
            await asyncio.sleep(member.chance.uniform(0, 2 * PAUSE_SECONDS))

    def _text(self, member: Member) -> str:
        """Something that nobody else would write."""
        self._number += 1
        return f"{member.client.name} #{self._number}"

    def _some_list(self, member: Member) -> tuple[str, View] | None:
        lists = sorted(member.lists().items())
        return member.chance.choice(lists) if lists else None

    async def _create_task(self, member: Member) -> None:
        if (chosen := self._some_list(member)) is None:
            return
        list_id, _ = chosen
        task_id, title = fresh(), self._text(member)
        place = {"after_id": None} if member.chance.random() < 0.1 else {}
        wanted = Write(log_name(f"list:{list_id}"), "task.created", task_id, title)
        body = {"id": task_id, "title": title, **place}
        await member.client.write(wanted, "POST", f"{LISTS}/{list_id}/tasks", json=body)

    def _some_task(self, member: Member) -> tuple[str, Json] | None:
        chosen = self._some_list(member)
        tasks = sorted(chosen[1].items.get("task", {}).items()) if chosen else []
        return (chosen[0], member.chance.choice(tasks)[1]) if chosen and tasks else None

    async def _update_task(self, member: Member) -> None:
        if (chosen := self._some_task(member)) is None:
            return
        list_id, task = chosen
        wanted = Write(log_name(f"list:{list_id}"), "task.updated", task["id"], self._text(member))
        body = {"title": wanted.token, "done": not task["done"]}
        path = f"{LISTS}/{list_id}/tasks/{task['id']}"
        await member.client.write(wanted, "PATCH", path, match=task["version"], json=body)

    async def _delete_task(self, member: Member) -> None:
        if (chosen := self._some_task(member)) is None:
            return
        list_id, task = chosen
        wanted = Write(log_name(f"list:{list_id}"), "task.deleted", task["id"])
        await member.client.write(wanted, "DELETE", f"{LISTS}/{list_id}/tasks/{task['id']}")

    async def _look_at_news(self, member: Member) -> None:
        """Load a list as soon as the screen shows something new of it, a few times: chance seldom does."""
        for _ in range(LOOKS):
            seen = {list_id: view.seq for list_id, view in member.lists().items()}
            fresh_list = partial(self._news, member, seen)
            await load(member.client, f"list:{await eventually(fresh_list, timeout=60)}")

    async def _news(self, member: Member, seen: dict[str, int]) -> str | None:
        lists = member.lists().items()
        return next((list_id for list_id, view in lists if view.seq > seen.get(list_id, view.seq)), None)

    async def _look(self, member: Member) -> None:
        if (chosen := self._some_list(member)) is not None:
            await load(member.client, f"list:{chosen[0]}")

    async def _let_in_or_out(self, member: Member) -> None:
        """Owners of shared lists: somebody who is out long enough comes in again, or else one goes."""
        mine = [list_id for list_id, owner in self.shared.items() if owner is member]
        if not mine:
            return
        list_id = member.chance.choice(mine)
        out = [account for (of, account) in self._out if of == list_id]
        if out:
            if time.monotonic() > self._out[list_id, out[0]] + OUT_SECONDS:
                await self._put(member, list_id, out[0])
            return
        view = member.lists().get(list_id)
        others = sorted(set(view.items.get("member", {})) - {member.client.id}) if view else []
        if others:
            await self._take_out(member, list_id, member.chance.choice(others))

    async def _put(self, owner: Member, list_id: str, account: str) -> None:
        wanted = Write(log_name(f"list:{list_id}"), "member.put", account)
        path = f"{LISTS}/{list_id}/members/{account}"
        await owner.client.write(wanted, "PUT", path, json={"role": "editor"})
        self._out.pop((list_id, account), None)

    async def _take_out(self, owner: Member, list_id: str, account: str) -> None:
        wanted = Write(log_name(f"list:{list_id}"), "member.removed", account)
        await owner.client.write(wanted, "DELETE", f"{LISTS}/{list_id}/members/{account}")
        if wanted.acknowledged is None and not wanted.unsure:
            return
        self._out[list_id, account] = time.monotonic()
        if wanted.acknowledged is not None:
            victim = next(member for member in self.members if member.client.id == account)
            victim.shut_out(list_id, wanted.acknowledged)

    async def _rename(self, member: Member) -> None:
        if (chosen := self._some_list(member)) is None:
            return
        list_id, view = chosen
        known = view.items["list"].get(list_id)
        if known is not None:
            wanted = Write(log_name(f"list:{list_id}"), "list.updated", list_id, self._text(member))
            body = {"title": wanted.token}
            await member.client.write(
                wanted, "PATCH", f"{LISTS}/{list_id}", match=known["version"], json=body
            )

    async def _make_or_delete_list(self, member: Member) -> None:
        own = self._own.setdefault(member.client.name, [])
        if len(own) < OWN_LISTS:
            own.append(await self._create_list(member))
        else:
            list_id = own.pop(0)
            wanted = Write(log_name(f"list:{list_id}"), "list.deleted", list_id)
            await member.client.write(wanted, "DELETE", f"{LISTS}/{list_id}")

    async def _create_list(self, member: Member) -> str:
        list_id = fresh()
        wanted = Write(log_name(f"list:{list_id}"), "member.put", member.client.id)
        await member.client.write(wanted, "POST", LISTS, json={"id": list_id, "title": self._text(member)})
        return list_id

    async def _sign_out(self, member: Member) -> None:
        await member.client.sign_out()
