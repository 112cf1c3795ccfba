"""The main job by HTTP and WebSocket alone: share a list, tick, talk, be away, come back, be put out."""

import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.api.world import LISTS, ROOMS, done
from tests.support import Live, Person, PersonFactory

pytestmark = pytest.mark.system

PROMISED = 1.0  # seconds until access has ended: todo's own, and the room's after it
Frame = dict[str, Any]


async def test_two_people_share_a_list_and_talk_about_it(person: PersonFactory) -> None:
    """What tests/e2e/test_main_job.py does in two browsers."""
    ann, ben = await person("Ann"), await person("Ben")
    async with AsyncExitStack() as open_sockets:
        enter = open_sockets.enter_async_context
        ann_todo, ann_chat = await enter(ann.live("todo")), await enter(ann.live("chat"))
        ben_todo, ben_chat = await enter(ben.live("todo")), await enter(ben.live("chat"))

        topic, room_topic = await _share(ann, ben, ben_todo, ben_chat)
        list_path, room_path = f"{LISTS}/{topic[5:]}", f"{ROOMS}/{room_topic[5:]}"
        epoch = (await _follow(topic, ann_todo, ben_todo))["epoch"]
        room_epoch = (await _follow(room_topic, ann_chat, ben_chat))["epoch"]

        seq = await _work(ann, ben, ann_todo, ben_todo, list_path)
        room_seq = await _talk(ann, ben, ann_chat, ben_chat, room_path)
        await ben_todo.close()
        await ben_chat.close()

        said = [f"message {number}" for number in range(1, 6)]
        titles = [f"task {number}" for number in range(1, 4)]
        for body in said:
            done(await ann.post(f"{room_path}/messages", json={"body": body}))
        for title in titles:
            done(await ann.post(f"{list_path}/tasks", json={"title": title}))

        ben_todo, ben_chat = await enter(ben.live("todo")), await enter(ben.live("chat"))
        missed = await _resume(ben_chat, room_topic, room_seq, room_epoch, len(said))
        assert [(event["kind"], event["data"]["body"]) for event in missed] == [
            ("message.created", body) for body in said
        ]
        missed = await _resume(ben_todo, topic, seq, epoch, len(titles))
        assert [(event["kind"], event["data"]["title"]) for event in missed] == [
            ("task.created", title) for title in titles
        ]

        await _put_out(ann, ben, list_path, (ben_todo, topic), (ben_chat, room_topic))
        await _nothing_more(ann, (ann_todo, ben_todo, topic), f"{list_path}/tasks", {"title": "A secret"})
        await _nothing_more(ann, (ann_chat, ben_chat, room_topic), f"{room_path}/messages", {"body": "Psst"})
        for path in (list_path, room_path):
            assert (await ben.get(path)).status_code == 404


async def _share(ann: Person, ben: Person, ben_todo: Live, ben_chat: Live) -> tuple[str, str]:
    """Ann finds Ben by his address and shares a list; it and its room appear on his sockets."""
    for socket in (ben_todo, ben_chat):
        assert (await socket.subscribe(f"user:{ben.id}"))["op"] == "subscribed"
    made = done(await ann.post(LISTS, json={"title": "Picnic"}))
    (found,) = done(await ann.get("/api/auth/accounts", params={"email": ben.email}))["items"]
    assert (found["id"], found["name"]) == (ben.id, "Ben")
    done(await ann.put(f"{LISTS}/{made['id']}/members/{found['id']}", json={"role": "editor"}))

    added = await ben_todo.frame(op="event", kind="list.added")
    assert added["data"] == {key: made[key] for key in ("id", "title", "color", "version")}
    room = (await ben_chat.frame(op="event", kind="room.added"))["data"]
    assert (room["kind"], room["list_id"], room["title"]) == ("list", made["id"], "Picnic")
    return f"list:{made['id']}", f"room:{room['id']}"


async def _follow(topic: str, *sockets: Live) -> Frame:
    for socket in sockets:
        answer = await socket.subscribe(topic)
        assert answer["op"] == "subscribed", answer
    return answer


async def _work(ann: Person, ben: Person, ann_todo: Live, ben_todo: Live, list_path: str) -> int:
    """Ben adds a task, Ann sees and ticks it; returns the number of the last event, which Ben has seen."""
    task = done(await ben.post(f"{list_path}/tasks", json={"title": "Buy bread"}))
    assert (await ann_todo.frame(kind="task.created"))["data"] == task
    match = {"If-Match": f'"{task["version"]}"'}
    ticked = done(await ann.patch(f"{list_path}/tasks/{task['id']}", json={"done": True}, headers=match))
    seen = await ben_todo.frame(kind="task.updated")
    assert seen["data"] == ticked
    assert seen["data"]["done"]
    return int(seen["seq"])


async def _talk(ann: Person, ben: Person, ann_chat: Live, ben_chat: Live, room_path: str) -> int:
    """Each says something that both see; returns the number of the last event."""
    for speaker, body in ((ann, "Thank you! 野餐見"), (ben, "See you at noon")):
        sent = done(await speaker.post(f"{room_path}/messages", json={"body": body}))
        for socket in (ann_chat, ben_chat):
            seen = await socket.frame(kind="message.created", seq=sent["seq"])
            assert seen["data"] == sent
    unread = done(await ann.get("/api/chat/unread"))["items"]
    assert [(item["unread"], item["last_number"]) for item in unread] == [(1, 2)]
    return int(sent["seq"])


async def _resume(socket: Live, topic: str, after: int, epoch: str, count: int) -> list[Frame]:
    """Subscribe from a place; what was missed comes once, in order, without a hole."""
    answer = await socket.subscribe(topic, after=after, epoch=epoch)
    assert answer["op"] == "subscribed"
    assert answer["recovered"], answer
    await socket.frame(topic=topic, seq=after + count)
    await socket.send({"op": "ping"})
    await socket.frame(op="pong")  # whatever was on its way before has come
    events = socket.events(topic)
    assert [event["seq"] for event in events] == list(range(after + 1, after + count + 1))
    return events


async def _put_out(
    ann: Person, ben: Person, list_path: str, of_list: tuple[Live, str], of_room: tuple[Live, str]
) -> None:
    """Ann removes Ben; both of his sockets are told in time."""
    done(await ann.delete(f"{list_path}/members/{ben.id}"))
    removed = time.monotonic()
    for socket, topic in (of_list, of_room):
        ended = await socket.frame(op="unsubscribed", topic=topic, timeout=10)
        assert ended["reason"] == "removed"
        took = time.monotonic() - removed
        assert took < PROMISED, f"{topic}: {took:.2f} s"


async def _nothing_more(ann: Person, on: tuple[Live, Live, str], path: str, body: Frame) -> None:
    """What happens afterwards reaches Ann and not Ben."""
    of_ann, of_ben, topic = on
    before = len(of_ben.events(topic))
    made = done(await ann.post(path, json=body))
    await of_ann.frame(topic=topic, where=lambda frame: frame.get("data", {}).get("id") == made["id"])
    await of_ben.send({"op": "ping"})
    await of_ben.frame(op="pong")
    assert len(of_ben.events(topic)) == before
    assert of_ben.frames[-1]["op"] == "pong"
