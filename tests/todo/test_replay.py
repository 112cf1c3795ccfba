"""State and events: who loads a list while others write, and then follows it, sees what a new load shows."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import Person
from tests.todo.things import Resource, Team, ok, path, tasks_of

pytestmark = pytest.mark.system

Command = tuple[str, int, int, int]

VERBS = "create create create title tick move nest assign delete rename role remove".split()
COMMANDS = st.tuples(st.sampled_from(VERBS), st.integers(0, 2), st.integers(0, 9), st.integers(0, 9))


class Screen:
    """What a client shows: pages, and then events that are newer than what the pages had."""

    def __init__(self, person: Person, list_id: str) -> None:
        self.person = person
        self.list_id = list_id
        self.seq = 0
        self.epoch = ""
        self.item: Resource = {}
        self.members: dict[str, Resource] = {}
        self.tasks: dict[str, Resource] = {}

    async def load(self, between_pages: Any) -> None:
        """Load everything; the place in the log is that of the first answer, which is the oldest."""
        members = ok(await self.person.get(path(self.list_id, "members")))
        self.seq, self.epoch = members["seq"], members["epoch"]
        self.members = {member["account_id"]: member for member in members["items"]}
        await between_pages()
        self.item = ok(await self.person.get(path(self.list_id)))
        del self.item["my_role"]
        cursor = None
        while True:
            parameters = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = ok(await self.person.get(path(self.list_id, "tasks"), params=parameters))
            self.tasks |= {task["id"]: task for task in page["items"]}
            cursor = page["next"]
            if cursor is None:
                return
            await between_pages()

    def apply(self, event: dict[str, Any]) -> None:
        """One event, strictly the next one."""
        assert event["seq"] == self.seq + 1
        self.seq = event["seq"]
        data = event["data"]
        assert data["version"] == event["seq"]
        noun, verb = event["kind"].split(".")
        known = {"list": {self.list_id: self.item}, "member": self.members, "task": self.tasks}[noun]
        key = data["account_id"] if noun == "member" else data["id"]
        if key in known and known[key]["version"] >= event["seq"]:
            return
        if verb in ("removed", "deleted"):
            known.pop(key, None)
        elif len(data) > 2:  # else what it said was emptied: its deletion follows
            known[key] = data
        if noun == "list":
            self.item = known[self.list_id]

    def state(self) -> tuple[Resource, list[Resource], list[Resource]]:
        """In the order in which the server gives it."""
        return (
            self.item,
            sorted(self.members.values(), key=lambda member: member["account_id"]),
            sorted(self.tasks.values(), key=lambda task: (task["position"].encode(), task["id"])),
        )


async def fresh(person: Person, list_id: str) -> tuple[Resource, list[Resource], list[Resource]]:
    """What somebody sees who comes just now."""
    item = ok(await person.get(path(list_id)))
    del item["my_role"]
    members = ok(await person.get(path(list_id, "members")))["items"]
    return item, members, await tasks_of(person, list_id)


async def carry_out(team: Team, command: Command) -> None:
    """A command of somebody's. It may be refused, but it never fails."""
    verb, who, which, value = command
    actor = [team.owner, team.editor, team.viewer][who]
    tasks = await tasks_of(team.owner, team.id)
    task = tasks[which % len(tasks)]["id"] if tasks else "none"
    other = tasks[value % len(tasks)]["id"] if tasks and value else None
    target = path(team.id, "tasks", task)
    guest = [team.editor, team.viewer, team.stranger][which % 3]
    match verb:
        case "create":
            fields: dict[str, Any] = {"parent_id": other} if value % 3 == 0 else {"after_id": other}
            answer = await actor.post(path(team.id, "tasks"), json={"title": f"Task {value}", **fields})
        case "title":
            answer = await actor.patch(target, json={"title": f"Title {value}", "labels": [str(value)]})
        case "tick":
            answer = await actor.patch(target, json={"done": value % 2 == 0})
        case "move":
            answer = await actor.patch(target, json={"after_id": other})
        case "nest":
            answer = await actor.patch(target, json={"parent_id": other})
        case "assign":
            answer = await actor.patch(target, json={"assignee_ids": [guest.id]})
        case "delete":
            answer = await actor.delete(target)
        case "rename":
            answer = await actor.patch(path(team.id), json={"title": f"List {value}"})
        case "role":
            role = ["viewer", "editor", "owner"][value % 3]
            answer = await team.owner.put(path(team.id, "members", guest.id), json={"role": role})
        case _:
            answer = await team.owner.delete(path(team.id, "members", guest.id))
    assert answer.status_code < 500, answer.text


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=st.lists(COMMANDS, max_size=10), after=st.lists(COMMANDS, max_size=12))
async def test_pages_and_events_lead_to_what_a_fresh_load_shows(
    team: Team, before: list[Command], after: list[Command]
) -> None:
    for command in before:
        await carry_out(team, command)
    rest = iter(after)

    async def something_happens() -> None:
        command = next(rest, None)
        if command is not None:
            await carry_out(team, command)

    screen = Screen(team.owner, team.id)
    await screen.load(something_happens)
    async with team.owner.live("todo") as socket:
        answer = await socket.subscribe(team.topic, after=screen.seq, epoch=screen.epoch)
        assert answer["recovered"] is True
        for command in rest:
            await carry_out(team, command)
        head = ok(await team.owner.get(path(team.id, "members")))["seq"]
        if head > screen.seq:
            await socket.frame(op="event", seq=head)
        for event in socket.events(team.topic):
            screen.apply(event)
    assert screen.seq == head
    assert screen.state() == await fresh(team.owner, team.id)
