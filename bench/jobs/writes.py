"""Durable writes: tasks by many people in many lists, messages by many people in one room."""

import contextlib
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from bench import contestants, seed
from bench.arena import Arena, Server
from bench.contestants import GIN, ORM
from bench.job import OURS, Contestant, Goal, Job
from bench.load import Load, Request, same_fields
from bench.world import Person, World
from tools.stack import Service

ALONE = "todolist, a transaction each"
ASYNCMY = "asyncmy, bare"
CLIENTS, LISTS = 64, 32
TASK = '{"title":"Bring what we need for Saturday"}'
MESSAGE = '{"body":"Who brings what we need for Saturday?"}'


def _load(arena: Arena, server: Server | Service, requests: list[Request]) -> Load:
    return Load(arena, server.url, [_pid(server)], requests, status=201)


def _pid(server: Server | Service) -> int:
    return server.process.pid


def _agreed(loads: dict[str, tuple[str, Load]]) -> list[Contestant]:
    same_fields({name: load.check() for name, (_, load) in loads.items()})
    return [Contestant(name, about, load.measure) for name, (about, load) in loads.items()]


@contextlib.contextmanager
def _create(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world("todo"))
        people = world.people(4 if arena.short else CLIENTS)
        gin = stack.enter_context(contestants.gin(arena, world))
        crud = stack.enter_context(contestants.peer(arena, world, "crud"))
        rows = stack.enter_context(contestants.peer(arena, world, "rows"))
        alone = stack.enter_context(contestants.variant(arena, world, "todo", "one_by_one", "todo"))
        ours, theirs = _tasks(world, people), _tasks(world, people)
        yield _agreed(
            {
                OURS: (
                    "role checked; task, event, number and publication; requests of one moment share a"
                    " transaction",
                    _load(arena, world.service("todo"), ours),
                ),
                ALONE: ("the same code, a transaction for each request", _load(arena, alone, theirs)),
                GIN: ("one INSERT, nothing else", _load(arena, gin, ours)),
                ORM: ("member looked up, one INSERT", _load(arena, crud, ours)),
                ASYNCMY: (
                    "bare ASGI: one INSERT",
                    _load(arena, rows, _tasks(world, people, "/asyncmy/lists/{}/tasks")),
                ),
            }
        )


def _tasks(world: World, people: list[Person], path: str = "/api/todo/lists/{}/tasks") -> list[Request]:
    """Everyone adds to one list, which they share with one other; each set of lists is a contestant's own."""
    url, members = world.mysql.url(database="todo"), [person.id for person in people]
    lists = seed.lists(url, members, LISTS, 10)
    return [
        Request(path.format(lists[number % LISTS]), person.token, "POST", TASK)
        for number, person in enumerate(people)
    ]


@contextlib.contextmanager
def _send(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world("chat"))
        people = world.people(4 if arena.short else CLIENTS)
        gin = stack.enter_context(contestants.gin(arena, world))
        alone = stack.enter_context(contestants.variant(arena, world, "chat", "one_by_one", "chat"))
        ours, theirs = _messages(world, people), _messages(world, people)
        yield _agreed(
            {
                OURS: (
                    "membership checked; message, event, both numbers, read position and publication;"
                    " requests of one moment share a transaction",
                    _load(arena, world.service("chat"), ours),
                ),
                ALONE: ("the same code, a transaction for each message", _load(arena, alone, theirs)),
                GIN: ("one INSERT, nothing else", _load(arena, gin, ours)),
            }
        )


def _messages(world: World, people: list[Person]) -> list[Request]:
    owner, *others = people
    room = world.call("POST", "chat", "/api/chat/rooms", owner.token, {"kind": "group", "title": "Saturday"})
    path = f"/api/chat/rooms/{room['id']}"
    for person in others:
        world.call("PUT", "chat", f"{path}/members/{quote(person.id)}", owner.token, {"role": "editor"})
    return [Request(f"{path}/messages", person.token, "POST", MESSAGE) for person in people]


JOBS = [
    Job(
        "create",
        "Create a task, 64 clients over 32 lists",
        "tasks/s",
        _create,
        [Goal(GIN, least=1), Goal(ORM, least=10)],
    ),
    Job(
        "send",
        "Send a message, 64 senders in one room",
        "messages/s",
        _send,
        [Goal(GIN, least=1), Goal(ALONE, least=5)],
    ),
]
