"""Design section 8, row by row: a container is killed, the others do as the table says, and after its return
the system is whole within fifteen seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from websockets.exceptions import WebSocketException

from tests.compose.project import Project
from tests.compose.users import LISTS, ROOMS, User, new_user
from tests.support import Person, PersonFactory, eventually
from tests.support.person import new_client, new_email

WHOLE_SECONDS = 15.0
Everything = Callable[[User], Awaitable[None]]


async def whole(user: User, project: Project) -> None:
    """The main job in small: sign up and in, share, tick, talk, all of it followed live."""
    friend = Person(project.url, "Friend", new_email("friend"))
    try:
        await friend.register()
        async with user.person.live("todo") as todo, user.person.live("chat") as chat:
            topic, room = f"list:{user.list_id}", f"room:{user.room_id}"
            assert (await todo.subscribe(topic))["op"] == "subscribed"
            assert (await chat.subscribe(room))["op"] == "subscribed"
            shared = await user.person.put(
                f"{LISTS}/{user.list_id}/members/{friend.id}", json={"role": "editor"}
            )
            assert shared.status_code == 201, shared.text
            await todo.frame(op="event", kind="member.put", timeout=5)
            await chat.frame(op="event", kind="member.put", timeout=5)  # the worker has followed the list
            made = await friend.post(f"{LISTS}/{user.list_id}/tasks", json={"title": "Milk"})
            assert made.status_code == 201, made.text
            await todo.frame(op="event", kind="task.created", timeout=1)
            said = await friend.post(f"{ROOMS}/{user.room_id}/messages", json={"body": "Hello"})
            assert said.status_code == 201, said.text
            await chat.frame(op="event", kind="message.created", timeout=1)
            await chat.send({"op": "focus", "topic": room})
            await chat.frame(op="signal", kind="presence", timeout=1)
    finally:
        await friend.client.aclose()


async def until_whole(user: User, project: Project, seconds: float = WHOLE_SECONDS) -> None:
    """Whole again in time; the watch starts with the return of what was away."""
    began = time.monotonic()

    async def works() -> bool:
        try:
            await whole(user, project)
        except (httpx.HTTPError, OSError, WebSocketException) as error:
            raise AssertionError(repr(error)) from error
        return True

    await eventually(works, timeout=seconds)
    assert time.monotonic() - began < seconds


async def refused(user: User, method: str, path: str, **options: object) -> None:
    """Answered at once with 503, Retry-After and what to do, by whoever answers."""
    began = time.monotonic()
    answer = await user.person.request(method, path, **options)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert time.monotonic() - began < 5


async def works(user: User, service: str) -> None:
    """A read and a write of a service succeed."""
    path, body = {
        "todo": (f"{LISTS}/{user.list_id}/tasks", {"title": "Meanwhile"}),
        "chat": (f"{ROOMS}/{user.room_id}/messages", {"body": "Meanwhile"}),
    }[service]
    assert (await user.person.get(path)).status_code == 200
    answer = await user.person.post(path, json=body)
    assert answer.status_code == 201, answer.text


@pytest.fixture
async def user(person: PersonFactory) -> User:
    """Someone with a list and its room."""
    return await new_user(person, "Uma")


async def test_without_redis_all_goes_on_and_screens_lag_by_the_poll(user: User, project: Project) -> None:
    async with user.person.live("todo") as todo, user.person.live("chat") as chat:
        await todo.subscribe(f"list:{user.list_id}")
        await chat.subscribe(f"room:{user.room_id}")
        project.kill("redis")
        try:
            await works(user, "todo")
            await works(user, "chat")
            await todo.frame(op="event", kind="task.created", timeout=4)
            await chat.frame(op="event", kind="message.created", timeout=4)
            assert (todo.closed, chat.closed) == (None, None)
        finally:
            project.start("redis")
        await until_whole(user, project)
        assert (todo.closed, chat.closed) == (None, None)


async def test_without_mysql_answers_are_503_and_sockets_stay(user: User, project: Project) -> None:
    async with user.person.live("todo") as todo:
        await todo.subscribe(f"list:{user.list_id}")
        project.kill("mysql")
        try:
            await refused(user, "GET", f"{LISTS}/{user.list_id}")
            await refused(user, "POST", f"{ROOMS}/{user.room_id}/messages", json={"body": "Hello"})
            await refused(user, "GET", "/api/auth/me")
            requests = (user.person.get(f"{LISTS}/{user.list_id}") for _ in range(60))
            assert {answer.status_code for answer in await asyncio.gather(*requests)} == {503}
            assert todo.closed is None
        finally:
            project.start("mysql")
        await until_whole(user, project)
        await todo.send({"op": "ping"})
        await todo.frame(op="pong")


async def test_without_auth_todo_and_chat_go_on(user: User, project: Project) -> None:
    async with user.person.live("chat") as chat:
        await chat.subscribe(f"room:{user.room_id}")
        project.kill("auth", "auth-worker")
        try:
            await works(user, "todo")
            await works(user, "chat")
            await chat.frame(op="event", kind="message.created", timeout=2)
            await refused(user, "GET", "/api/auth/me")
        finally:
            project.start("auth", "auth-worker")
        await until_whole(user, project)
        assert chat.closed is None


@pytest.mark.parametrize(("away", "other"), [("chat", "todo"), ("todo", "chat")])
async def test_without_one_the_other_goes_on(user: User, project: Project, away: str, other: str) -> None:
    paths = {"todo": f"{LISTS}/{user.list_id}", "chat": f"{ROOMS}/{user.room_id}"}
    async with user.person.live(other) as live:
        project.kill(away, f"{away}-worker")
        try:
            await refused(user, "GET", paths[away])
            await works(user, other)
            await live.send({"op": "ping"})
            await live.frame(op="pong")
            async with new_client() as browser:
                assert (await browser.get(project.url())).status_code == 200
        finally:
            project.start(away, f"{away}-worker")
        await until_whole(user, project)


async def test_without_workers_people_notice_nothing_but_new_rooms(user: User, project: Project) -> None:
    workers = ("auth-worker", "todo-worker", "chat-worker")
    project.kill(*workers)
    try:
        await works(user, "todo")
        await works(user, "chat")
        made = await user.person.post(LISTS, json={"title": "While nobody follows"})
        list_id = made.json()["id"]
    finally:
        project.start(*workers)

    async def has_room() -> bool:
        rooms = await user.person.get(ROOMS, params={"list_id": list_id})
        return bool(rooms.json()["items"])

    await eventually(has_room, timeout=WHOLE_SECONDS)
    await until_whole(user, project)


async def test_after_the_front_end_came_back_clients_resume(user: User, project: Project) -> None:
    follower = user.followers[0]
    task = asyncio.create_task(follower.run())
    await follower.subscribed.wait()
    project.kill("frontend")
    try:
        with pytest.raises(httpx.HTTPError):
            await user.person.get(f"{LISTS}/{user.list_id}")
    finally:
        project.start("frontend")
    await until_whole(user, project)
    await asyncio.wait_for(follower.subscribed.wait(), 10)

    async def caught_up() -> bool:
        events = await user.person.get(f"{LISTS}/{user.list_id}/events", params={"after": 0})
        return bool(events.json()["seq"] == follower.seq)

    await eventually(caught_up)
    assert follower.complete
    task.cancel()


async def test_after_everything_was_killed_at_once(user: User, project: Project) -> None:
    await works(user, "todo")
    everything = [
        "mysql",
        "redis",
        "frontend",
        *(f"{name}{kind}" for name in ("auth", "todo", "chat") for kind in ("", "-worker")),
    ]
    tasks = (await user.person.get(f"{LISTS}/{user.list_id}/tasks")).json()["items"]
    project.kill(*everything)
    project.start(*everything)
    await until_whole(user, project, seconds=60)  # nine processes and a recovery on however few cores
    after = (await user.person.get(f"{LISTS}/{user.list_id}/tasks")).json()["items"]
    assert {task["id"] for task in tasks} <= {task["id"] for task in after}
