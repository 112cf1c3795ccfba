"""Reading a list's page of 50 tasks: unchanged, changed, and held by the reader already."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from bench import contestants, seed
from bench.arena import Arena, Server
from bench.contestants import GIN, GIN_CACHE, ORM
from bench.job import OURS, Contestant, Goal, Job
from bench.load import Load, Request, ask, same_items
from bench.world import World

TASKS = 50
ASYNCMY, REDIS = "asyncmy, bare", "Redis, bare"
OUR_PATH, CACHED_PATH = "/api/todo/lists/{}/tasks", "/cached/lists/{}/tasks"


class Pages:
    """Lists, and what their members ask for."""

    def __init__(self, arena: Arena, world: World, *, lists: int, people: int) -> None:
        self.arena = arena
        self.world = world
        people = 2 if arena.short else people
        self.people = world.people(people)
        self.lists = seed.lists(
            world.mysql.url(database="todo"), [each.id for each in self.people], lists, TASKS
        )
        self._loads: dict[str, tuple[str, Load]] = {}

    def add(self, name: str, server: Server, about: str, path: str = OUR_PATH) -> None:
        """A contestant that answers whole pages."""
        self._loads[name] = about, Load(self.arena, server.url, [server.pid], self.requests(path))

    def add_ours(self, about: str) -> None:
        """The todo service itself."""
        service = self.world.service("todo")
        self._loads[OURS] = (
            about,
            Load(self.arena, service.url, [service.process.pid], self.requests(OUR_PATH)),
        )

    def contestants(self) -> list[Contestant]:
        """Those that were added, once they have answered the same."""
        same_items({name: load.check() for name, (_, load) in self._loads.items()})
        return [Contestant(name, about, load.measure) for name, (about, load) in self._loads.items()]

    def requests(self, path: str) -> list[Request]:
        """Each list in turn, by its members in turn; in one order for all contestants."""
        count = max(len(self.lists), len(self.people) * min(len(self.lists), 32))
        chance = random.Random(4)
        order = chance.sample(self.lists, len(self.lists))
        return [
            Request(path.format(order[number % len(order)]), chance.choice(self.people).token)
            for number in range(count)
        ]


@contextlib.contextmanager
def _unchanged(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world("todo"))
        pages = Pages(arena, world, lists=32, people=32)
        gin = stack.enter_context(contestants.gin(arena, world))
        rows = stack.enter_context(contestants.peer(arena, world, "rows"))
        pages.add_ours("membership and the list's number read from MySQL each time, then the bytes in memory")
        pages.add(GIN, gin, "one query for membership and rows, then encoding/json")
        pages.add(GIN_CACHE, gin, "membership and version from Redis in one round trip", CACHED_PATH)
        pages.add(REDIS, rows, "bare ASGI: one GET through redis-py, then the bytes", "/redis/lists/{}/tasks")
        yield pages.contestants()


@contextlib.contextmanager
def _changed(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world("todo"))
        # In turn, and more than the memory for pages holds, so that none is found there.
        pages = Pages(arena, world, lists=100 if arena.short else 4000, people=8)
        gin = stack.enter_context(contestants.gin(arena, world))
        crud = stack.enter_context(contestants.peer(arena, world, "crud"))
        rows = stack.enter_context(contestants.peer(arena, world, "rows"))
        pages.add_ours("membership and number, then the page from its rows")
        pages.add(GIN, gin, "one query for membership and rows, then encoding/json")
        pages.add(ORM, crud, "`def` routes, SQLAlchemy ORM, PyMySQL, response models")
        about = "bare ASGI: one query, the encoded rows joined"
        pages.add(ASYNCMY, rows, about, "/asyncmy/lists/{}/tasks")
        yield pages.contestants()


@contextlib.contextmanager
def _conditional(arena: Arena) -> Iterator[Sequence[Contestant]]:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(arena.world("todo"))
        pages = Pages(arena, world, lists=32, people=32)
        gin = stack.enter_context(contestants.gin(arena, world))
        pages.add(GIN, gin, "the full page: one query for membership and rows, then encoding/json")
        service = world.service("todo")
        tags = {list_id: _tag(service.url, list_id, pages.people[0].token) for list_id in pages.lists}
        requests = [
            Request(OUR_PATH.format(list_id), person.token, headers={"If-None-Match": tag})
            for person in pages.people
            for list_id, tag in tags.items()
        ]
        load = Load(arena, service.url, [service.process.pid], requests, status=304)
        load.check()
        about = "`If-None-Match` with the page's ETag: 304"
        yield [Contestant(OURS, about, load.measure), *pages.contestants()]


def _tag(url: str, list_id: UUID, token: str) -> str:
    return ask(url, Request(OUR_PATH.format(list_id), token)).headers["etag"]


JOBS = [
    Job(
        "unchanged",
        "List page of 50, unchanged since the last read",
        "pages/s",
        _unchanged,
        [Goal(GIN, least=2), Goal(GIN_CACHE, least=1, stretch=True)],
    ),
    Job(
        "changed",
        "List page of 50, changed before every read",
        "pages/s",
        _changed,
        [Goal(GIN, least=0.6), Goal(ORM, least=8)],
    ),
    Job("conditional", "`If-None-Match` hit", "answers/s", _conditional, [Goal(GIN, least=3)]),
]
