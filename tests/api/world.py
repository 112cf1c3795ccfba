"""The small world in which permissions are tried: people in every role, a list, its room, a group."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from common.ids import new_id
from tests.support import Person, Stack, eventually
from tests.support.person import new_email

LISTS = "/api/todo/lists"
ROOMS = "/api/chat/rooms"
ROLES = ("owner", "editor", "viewer")
EMOJI = "👍"

Params = dict[str, str]


def done(answer: httpx.Response) -> Any:
    """The body of an answer that has to be a success."""
    assert answer.is_success, f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


class World:
    """Made once for a module. What a request uses up is made anew for it: see `params`."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.people: list[Person] = []
        self.list: Params = {}
        self.list_room: Params = {}
        self.group: Params = {}

    async def begin(self) -> None:
        """Register everybody; make one of each thing, shared with all who have a role."""
        self.owner, self.editor, self.viewer = [await self.newcomer(role.title()) for role in ROLES]
        self.stranger, self.guest = await self.newcomer("Stranger"), await self.newcomer("Guest")
        self.members = dict(zip(ROLES, (self.owner, self.editor, self.viewer), strict=True))
        self.list = await self.new_list()
        self.list_room = await self._room_of(self.list["list_id"])
        self.group = await self.new_group()
        direct = {"kind": "direct", "account_id": self.editor.id}
        self.direct_id: str = done(await self.owner.post(ROOMS, json=direct))["id"]

    async def end(self) -> None:
        """Close everybody's connections."""
        for person in self.people:
            await person.client.aclose()

    async def newcomer(self, name: str = "Newcomer") -> Person:
        """Somebody who has nothing to do with anything here, signed in."""
        person = Person(self.stack.url, name, new_email(name))
        self.people.append(person)
        await person.register()
        return person

    async def new_list(self) -> Params:
        """A list with a member in each role and a task."""
        list_id = done(await self.owner.post(LISTS, json={"title": "Groceries"}))["id"]
        for role in ("editor", "viewer"):
            member = f"{LISTS}/{list_id}/members/{self.members[role].id}"
            done(await self.owner.put(member, json={"role": role}))
        return await self.new_task({"list_id": list_id})

    async def new_task(self, within: Params | None = None) -> Params:
        """One more task in the list."""
        within = within or self.list
        task = done(await self.owner.post(f"{LISTS}/{within['list_id']}/tasks", json={"title": "Milk"}))
        return {**within, "task_id": task["id"]}

    async def new_group(self) -> Params:
        """A group with a member in each role and a message of the editor's."""
        room_id = done(await self.owner.post(ROOMS, json={"kind": "group", "title": "Lunch"}))["id"]
        for role in ("editor", "viewer"):
            member = f"{ROOMS}/{room_id}/members/{self.members[role].id}"
            done(await self.owner.put(member, json={"role": role}))
        return await self.new_message({"room_id": room_id})

    async def new_message(self, within: Params) -> Params:
        """One more message of the editor's, to which every member has answered with the emoji."""
        room = f"{ROOMS}/{within['room_id']}/messages"
        message_id = done(await self.editor.post(room, json={"body": "Soup?"}))["id"]
        for person in self.members.values():
            done(await person.put(f"{room}/{message_id}/reactions/{EMOJI}"))
        return {**within, "message_id": message_id, "emoji": EMOJI}

    async def _room_of(self, list_id: str) -> Params:
        async def there() -> str:
            """Chat follows: the room is there when each member sees it with the role of the list."""
            for role, person in self.members.items():
                page = done(await person.get(ROOMS, params={"list_id": list_id}))
                assert [room["my_role"] for room in page["items"]] == [role]
            return str(page["items"][0]["id"])

        return await self.new_message({"room_id": await eventually(there, timeout=20)})

    async def params(self, of: str, caller: Person) -> Params:
        """What stands in the path of a request: of the things that are there, or of new ones."""
        makers: dict[str, Callable[[], Awaitable[Params]]] = {
            "new list": self.new_list,
            "new task": self.new_task,
            "new group": self.new_group,
            "new message": lambda: self.new_message(self.group),
            "new list room message": lambda: self.new_message(self.list_room),
            "list guest": lambda: self._with_guest(LISTS, self.list, "list_id"),
            "group guest": lambda: self._with_guest(ROOMS, self.group, "room_id"),
            "self in new list": lambda: self._with(self.new_list(), account_id=caller.id),
            "self in new group": lambda: self._with(self.new_group(), account_id=caller.id),
            "owner's new session": self._new_session,
        }
        if of in makers:
            return await makers[of]()
        there = {"list": self.list, "list room": self.list_room, "group": self.group, "": {}}
        direct = {**self.group, "room_id": self.direct_id}
        return {"account_id": self.guest.id, **{**there, "direct room": direct}[of]}

    async def _with(self, things: Awaitable[Params], **more: str) -> Params:
        return {**await things, **more}

    async def _with_guest(self, base: str, things: Params, key: str) -> Params:
        """The same things, the guest being a viewer among the members."""
        member = f"{base}/{things[key]}/members/{self.guest.id}"
        done(await self.owner.put(member, json={"role": "viewer"}))
        return {**things, "account_id": self.guest.id}

    async def _new_session(self) -> Params:
        credentials = {"email": self.owner.email, "password": self.owner.password, "transport": "body"}
        tokens = done(await self.owner.post("/api/auth/sessions", json=credentials))
        return {"session_id": tokens["session"]["id"], "refresh_token": tokens["refresh_token"]}


def fresh_id() -> str:
    """An id as a client chooses it."""
    return str(new_id())
