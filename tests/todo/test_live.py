"""The live socket: what follows a list, what follows a person, and that access ends exactly where it ends."""

import asyncio

import pytest

from tests.support import Live, PersonFactory
from tests.todo.things import Team, events_of, new_list, new_task, ok, path, share

pytestmark = pytest.mark.system


async def settled(socket: Live) -> None:
    """Whatever was to come before now has come."""
    await socket.send({"op": "ping"})
    await socket.frame(op="pong")


async def test_every_member_sees_every_change_in_order(team: Team) -> None:
    async with team.viewer.live("todo") as socket:
        assert (await socket.subscribe(team.topic))["op"] == "subscribed"
        task = await new_task(team.editor, team.id)
        ok(await team.editor.patch(path(team.id, "tasks", task["id"]), json={"done": True}))
        assert (await team.editor.delete(path(team.id, "tasks", task["id"]))).status_code == 204
        ok(await team.owner.patch(path(team.id), json={"title": "Food"}))
        await share(team.owner, team.id, team.stranger, "viewer")
        await socket.frame(op="event", kind="member.put")
        frames = socket.events(team.topic)
        assert [(frame["seq"], frame["kind"]) for frame in frames] == [
            (4, "task.created"),
            (5, "task.updated"),
            (6, "task.deleted"),
            (7, "list.updated"),
            (8, "member.put"),
        ]
        assert frames[0]["data"] == task
        assert frames[0]["actor_id"] == team.editor.id
        assert frames[3]["data"] == {"id": team.id, "title": "Food", "color": "#3b82f6", "version": 7}


async def test_what_was_missed_is_sent_first(team: Team) -> None:
    page = ok(await team.viewer.get(path(team.id, "tasks")))
    tasks = [await new_task(team.editor, team.id, f"Task {number}") for number in range(10)]
    async with team.viewer.live("todo") as socket:
        answer = await socket.subscribe(team.topic, after=page["seq"], epoch=page["epoch"])
        assert answer["recovered"] is True
        await socket.frame(op="event", seq=page["seq"] + 10)
        assert [frame["data"] for frame in socket.events(team.topic)] == tasks


async def test_only_members_follow_a_list(team: Team) -> None:
    async with team.stranger.live("todo") as socket:
        for topic in (
            team.topic,
            f"list:{team.owner.id}",
            f"user:{team.owner.id}",
            "lists",
            "list:",
            team.topic.upper(),
            f"room:{team.id}",
        ):
            await socket.send({"op": "subscribe", "topic": topic})
            await socket.frame(op="error")
        assert not socket.events(team.topic)
        assert socket.closed is None


async def test_a_removed_member_sees_nothing_after_the_removal(team: Team) -> None:
    async with team.viewer.live("todo") as removed, team.owner.live("todo") as staying:
        await removed.subscribe(team.topic)
        await staying.subscribe(team.topic)
        target = path(team.id, "members", team.viewer.id)
        await asyncio.gather(
            *(new_task(team.editor, team.id, f"Task {number}") for number in range(15)),
            team.owner.delete(target),
            *(new_task(team.owner, team.id, f"Other {number}") for number in range(15)),
        )
        await staying.frame(op="event", seq=3 + 31)
        ended = await removed.frame(op="unsubscribed")
        assert (ended["topic"], ended["reason"]) == (team.topic, "removed")
        await settled(removed)

        removal = next(frame for frame in staying.events(team.topic) if frame["kind"] == "member.removed")
        assert [frame["seq"] for frame in removed.events(team.topic)] == list(range(4, removal["seq"]))
        assert removed.frames.index(ended) > max(
            [index for index, frame in enumerate(removed.frames) if frame["op"] == "event"], default=-1
        )
        answer = await removed.subscribe(team.topic)
        assert (answer["op"], answer["code"]) == ("error", "not-found")


async def test_who_comes_back_gets_what_happened_meanwhile(team: Team) -> None:
    page = ok(await team.viewer.get(path(team.id, "tasks")))
    assert (await team.owner.delete(path(team.id, "members", team.viewer.id))).status_code == 204
    await new_task(team.editor, team.id)
    await share(team.owner, team.id, team.viewer, "viewer")
    async with team.viewer.live("todo") as socket:
        answer = await socket.subscribe(team.topic, after=page["seq"], epoch=page["epoch"])
        assert answer["recovered"] is True
        await socket.frame(op="event", seq=page["seq"] + 3)
        kinds = [frame["kind"] for frame in socket.events(team.topic)]
        assert kinds == ["member.removed", "task.created", "member.put"]


async def test_a_deleted_list_ends_for_all(team: Team) -> None:
    async with team.viewer.live("todo") as viewer, team.owner.live("todo") as owner:
        for socket in (viewer, owner):
            await socket.subscribe(team.topic)
        assert (await team.owner.delete(path(team.id))).status_code == 204
        for socket in (viewer, owner):
            assert (await socket.frame(op="unsubscribed"))["reason"] == "deleted"
            assert not socket.events(team.topic)


async def test_my_own_topic_tells_which_lists_come_and_go(person: PersonFactory) -> None:
    alice, bob = await person("Alice"), await person("Bob")
    async with bob.live("todo") as socket:
        topic = f"user:{bob.id}"
        await socket.subscribe(topic)
        item = await new_list(alice)
        await share(alice, item["id"], bob, "viewer")
        added = await socket.frame(op="event", kind="list.added")
        assert added["data"] == {key: item[key] for key in ("id", "title", "color", "version")}
        await share(alice, item["id"], bob, "editor")
        ok(await alice.patch(path(item["id"]), json={"title": "Food"}))
        assert (await alice.delete(path(item["id"], "members", bob.id))).status_code == 204
        removed = await socket.frame(op="event", kind="list.removed")
        last = (await events_of(alice, item["id"]))[-1]
        assert removed["data"] == {"id": item["id"], "version": last["seq"]}

        await share(alice, item["id"], bob, "viewer")
        assert (await socket.frame(op="event", kind="list.added"))["data"]["title"] == "Food"
        assert (await alice.delete(path(item["id"]))).status_code == 204
        await socket.frame(op="event", kind="list.removed")
        kinds = [frame["kind"] for frame in socket.events(topic)]
        assert kinds == ["list.added", "list.removed"] * 2
        assert [frame["seq"] for frame in socket.events(topic)] == [1, 2, 3, 4]
