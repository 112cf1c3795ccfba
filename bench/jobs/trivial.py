"""What everything around a request costs: a route that does nothing."""

import contextlib
from collections.abc import Iterator, Sequence

from bench import contestants
from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job
from bench.load import Load, Request

USUAL = "todolist, by way of FastAPI"
FASTAPI, ASGI = "FastAPI, bare", "ASGI, bare"
PATH = "/api/todo/trivial"


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world())
        token = world.people(1)[0].token
        servers = {
            OURS: stack.enter_context(contestants.variant(arena, world, "todo", "trivial", "direct")),
            USUAL: stack.enter_context(contestants.variant(arena, world, "todo", "trivial")),
            FASTAPI: stack.enter_context(contestants.peer(arena, world, "floor", "fastapi")),
            ASGI: stack.enter_context(contestants.peer(arena, world, "floor", "asgi")),
            contestants.GIN: stack.enter_context(contestants.gin(arena, world)),
        }
        abouts = {
            OURS: "the todo service with such a route, answered directly as those asked for most are:"
            " token checked, request logged and counted",
            USUAL: "the same, as most routes are",
            FASTAPI: "the same route in an application that has nothing else, open to all",
            ASGI: "no framework at all",
            contestants.GIN: "token checked",
        }
        loads = {
            name: Load(arena, server.url, [server.pid], [Request(PATH, token)])
            for name, server in servers.items()
        }
        yield [Contestant(name, abouts[name], load.measure) for name, load in loads.items()]


JOBS = [
    Job("trivial", "Authenticated trivial route", "requests/s", _open, [Goal(FASTAPI, least=0.75)]),
]
