"""What a system holds: filled with every kind of thing, seen as people see it, and read table by table."""

import asyncio
import base64
import time
from typing import Any

import httpx

from common.ids import new_id
from tests.api.world import done
from tests.compose.project import Project
from tests.support import Live, Person, eventually
from tests.support.person import new_email

LISTS, ROOMS = "/api/todo/lists", "/api/chat/rooms"
DATABASES = ("auth", "todo", "chat")
NEW_AFTER_A_RESTORE = {("topics", "epoch"), ("cursors", "epoch")}
ALL = {"limit": "200"}
PATIENCE_SECONDS = 30.0

Tables = dict[str, list[str]]


class Patient(Person):
    """Does what every client does when it is asked to come back a little later."""

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Sends again what was answered with 503; creations carry an id, so they happen once."""
        if (
            method == "POST"
            and isinstance(body := options.get("json"), dict)
            and body.get("kind") != "direct"
        ):
            options["json"] = {"id": str(new_id()), **body}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await super().request(method, path, **options)
            if answer.status_code != 503 or time.monotonic() > deadline:
                return answer
            await asyncio.sleep(0.5)


class Crowd:
    """The people of a test, whose connections are closed at its end."""

    def __init__(self) -> None:
        self.people: list[Person] = []

    async def newcomer(self, project: Project, name: str) -> Person:
        """Somebody new, signed in."""
        person = self._new(project, name, new_email(name))
        await person.register()
        return person

    def moved(self, person: Person, project: Project) -> Person:
        """The same client, with its token and its cookies, at the address of another system."""
        there = self._new(project, person.name, person.email)
        there.id, there.token, there.session = person.id, person.token, person.session
        there.client.cookies = httpx.Cookies(person.client.cookies)
        return there

    async def close(self) -> None:
        """Everybody goes."""
        for person in self.people:
            await person.client.aclose()

    def _new(self, project: Project, name: str, email: str) -> Person:
        self.people.append(Patient(project.url, name, email))
        return self.people[-1]


async def fill(crowd: Crowd, project: Project) -> list[Person]:
    """Two people and somebody who left, lists with all that a list can hold, rooms of all three kinds."""
    ann, ben, cai = [await crowd.newcomer(project, name) for name in ("Ann 安", "Ben", "Cai")]
    await ben.sign_in()  # another device
    picnic = await _list(ann, "Picnic 野餐", ben)
    doomed = await _list(ann, "Doomed", cai)
    tasks = [
        await _post(
            ann, f"{picnic}/tasks", title=f"Task {n} 🌕", notes="x\n" * n, labels=["a"], priority=n % 4
        )
        for n in range(4)
    ]
    await _post(ann, f"{picnic}/tasks", title="Below", parent_id=tasks[0]["id"], assignee_ids=[ben.id])
    done(await ben.patch(f"{picnic}/tasks/{tasks[1]['id']}", json={"done": True, "after_id": None}))
    done(await ben.delete(f"{picnic}/tasks/{tasks[2]['id']}"))
    list_room = await room_of(ann, picnic, ben)
    await room_of(ann, doomed, cai)
    done(await ann.delete(doomed))
    group = f"{ROOMS}/{(await _post(ann, ROOMS, kind='group', title='Lunch'))['id']}"
    for someone in (ben, cai):
        done(await ann.put(f"{group}/members/{someone.id}", json={"role": "editor"}))
    direct = f"{ROOMS}/{(await _post(ann, ROOMS, kind='direct', account_id=ben.id))['id']}"
    for room in (list_room, group, direct):
        await _talk(ann, ben, room)
    await _post(ben, f"{list_room}/messages", body="About the task", task_id=tasks[0]["id"])
    done(await ann.delete(f"{group}/members/{cai.id}"))
    done(await cai.request("DELETE", "/api/auth/me", json={"password": cai.password}))
    return [ann, ben]


async def _talk(ann: Person, ben: Person, room: str) -> None:
    said = [await _post(ann, f"{room}/messages", body=f"Said {n} 你好") for n in range(4)]
    first = f"{room}/messages/{said[0]['id']}"
    done(await ann.patch(first, json={"body": "Edited"}))
    done(await ben.put(f"{first}/reactions/👍"))
    await _post(ben, f"{room}/messages", body="In the thread", thread_id=said[0]["id"])
    done(await ann.delete(f"{room}/messages/{said[1]['id']}"))
    done(await ben.put(f"{room}/read", json={"number": 2}))


async def _list(owner: Person, title: str, *members: Person) -> str:
    path = f"{LISTS}/{(await _post(owner, LISTS, title=title))['id']}"
    for member in members:
        done(await owner.put(f"{path}/members/{member.id}", json={"role": "editor"}))
    return path


async def _post(person: Person, path: str, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = done(await person.post(path, json=body))
    return made


async def room_of(owner: Person, list_path: str, *members: Person) -> str:
    """The path of a list's room, as soon as chat has made it with these members."""

    async def there() -> str:
        for person in (owner, *members):
            page = done(await person.get(ROOMS, params={"list_id": list_path.rpartition("/")[2]}))
            assert len(page["items"]) == 1
        return str(page["items"][0]["id"])

    return f"{ROOMS}/{await eventually(there, timeout=20)}"


async def seen_by(person: Person) -> dict[str, Any]:
    """Everything the API tells someone, by path; without what is new after a restore: epochs, and cursors."""
    seen: dict[str, Any] = {}

    async def read(path: str, **parameters: str) -> Any:
        answer = done(await person.get(path, params={**ALL, **parameters}))
        seen[f"{path}?{parameters}"] = {
            key: value for key, value in answer.items() if key not in ("epoch", "next")
        }
        assert answer.get("next") is None, f"{path} has more than a page"
        return answer.get("items")

    seen["me"] = done(await person.get("/api/auth/me"))
    for item in await read(LISTS):
        path = f"{LISTS}/{item['id']}"
        seen[path] = done(await person.get(path))
        await read(f"{path}/members")
        await read(f"{path}/tasks")
        await read(f"{path}/events", after="0")
    for item in await read(ROOMS):
        path = f"{ROOMS}/{item['id']}"
        seen[path] = done(await person.get(path))
        await read(f"{path}/members")
        await read(f"{path}/events", after="0")
        for message in await read(f"{path}/messages"):
            await read(f"{path}/messages", thread=message["id"])
    await read("/api/todo/tasks")
    seen["unread"] = done(await person.get("/api/chat/unread"))
    return seen


def sql(project: Project, statements: str) -> list[str]:
    """What the server answers, as root: one line a row, binary columns in hexadecimal."""
    client = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" exec mysql --user=root --host=127.0.0.1 --batch'
    options = "--skip-column-names --binary-as-hex --default-character-set=utf8mb4"
    encoded = base64.b64encode(statements.encode()).decode()
    command = f"echo {encoded} | base64 -d | ({client} {options})"
    return project.compose("exec", "-T", "mysql", "bash", "-c", command).splitlines()


def tables(project: Project) -> Tables:
    """Every row of every table, sorted; signing keys are made anew by a restore, and so are epochs."""
    columns: dict[str, list[str]] = {}
    listed = sql(
        project,
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        f"WHERE table_schema IN {DATABASES} ORDER BY table_schema, table_name, ordinal_position",
    )
    for database, table, column in (line.split("\t") for line in listed):
        if table != "signing_keys" and (table, column) not in NEW_AFTER_A_RESTORE:
            columns.setdefault(f"{database}.{table}", []).append(f"`{column}`")
    found: Tables = {}
    each = [f"SELECT '=== {name}'; SELECT {','.join(names)} FROM {name};" for name, names in columns.items()]
    for line in sql(project, "".join(each)):
        if line.startswith("=== "):
            rows = found.setdefault(line[4:], [])
        else:
            rows.append(line)
    return {name: sorted(rows) for name, rows in found.items()}


def following(project: Project) -> bool:
    """Whether everyone who follows a log stands at its end, in its present life."""
    behind = [
        f"SELECT '{service}', c.topic FROM {service}.cursors c LEFT JOIN {source}.topics t "
        f"ON t.topic = c.topic AND t.seq = c.seq AND t.epoch = c.epoch "
        f"WHERE c.source = '{source}' AND t.topic IS NULL;"
        for service, source in (("todo", "auth"), ("chat", "auth"), ("chat", "todo"))
    ]
    cursors = "SELECT topic FROM todo.cursors UNION ALL SELECT topic FROM chat.cursors"
    lacking = f"SELECT 'cursors' FROM ({cursors}) AS there HAVING COUNT(*) < 3;"
    return not sql(project, "".join(behind) + lacking)


class Mirror:
    """What a client shows of a list's tasks or a room's messages: loaded, then carried on by events."""

    def __init__(self, person: Person, topic: str) -> None:
        self.person = person
        self.topic = topic
        self.seq = 0
        self.epoch = ""
        self.items: dict[str, dict[str, Any]] = {}
        kind, _, key = topic.partition(":")
        self.service, self.noun = {"list": ("todo", "task"), "room": ("chat", "message")}[kind]
        self.path = f"{LISTS}/{key}/tasks" if kind == "list" else f"{ROOMS}/{key}/messages"

    async def load(self) -> dict[str, dict[str, Any]]:
        """Read everything, as a client does that has just come."""
        page = done(await self.person.get(self.path, params=ALL))
        self.seq, self.epoch = page["seq"], page["epoch"]
        self.items = {item["id"]: item for item in page["items"]}
        return self.items

    async def resume(self, live: Live) -> bool:
        """Subscribe from where it was; whether that could be recovered. Else it loads everything."""
        answer = await live.subscribe(self.topic, after=self.seq, epoch=self.epoch)
        assert answer["op"] == "subscribed", answer
        if not answer["recovered"]:
            await self.load()
        return bool(answer["recovered"])

    def carry_on(self, live: Live) -> None:
        """Apply what came, as far as it is news."""
        for event in live.events(self.topic):
            if event["seq"] <= self.seq:
                continue
            self.seq, data = event["seq"], event["data"]
            if event["kind"] == f"{self.noun}.deleted":
                self.items.pop(data["id"], None)
            elif event["kind"].startswith(self.noun) and data.get("thread_id") is None:
                self.items[data["id"]] = data

    async def ends_right(self, live: Live) -> None:
        """It comes to show what somebody sees who loads it just now."""

        async def same() -> bool:
            self.carry_on(live)
            fresh = Mirror(self.person, self.topic)
            assert _there(self.items) == _there(await fresh.load())
            return True

        await eventually(same, timeout=20)


def _there(items: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {key: item for key, item in items.items() if not item.get("deleted_at")}
