"""What grows: the tables, from 10³ to 10⁶ rows, and one list or room, from 10² to 5·10⁴ entries."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from bench import contestants, seed
from bench.arena import Arena, Server
from bench.job import Contestant, Goal, Job
from bench.jobs.writes import TASK
from bench.load import Load, Request
from bench.world import Person, World
from common.ids import new_id
from common.schemas import cursor_encode
from tools.stack import Service

EACH, PROBED = 50, 20  # entries in each list or room that makes up the table; those that are read
SIZES = {"table of 10³": 1_000, "table of 10⁶": 1_000_000}
LONG = {"one of 10²": 100, "one of 5·10⁴": 50_000}
SHORT_SIZES = {"table of 10³": 1_000, "table of 10⁶": 5_000}
SHORT_LONG = {"one of 10²": 100, "one of 5·10⁴": 1_000}
OPERATIONS = ("page", "create", "history", "unread")
CONNECTIONS = 16


class Grown:
    """One world with tables of some size, and the requests that probe it."""

    def __init__(self, arena: Arena, world: World, stack: contextlib.ExitStack, rows: int) -> None:
        self.arena = arena
        self.world = world
        self.person: Person = world.people(1)[0]
        self._todo, self._chat = world.mysql.url(database="todo"), world.mysql.url(database="chat")
        strangers = [str(new_id())]
        rest = max(1, rows // EACH - PROBED)
        seed.lists(self._todo, strangers, rest, EACH)
        seed.rooms(self._chat, strangers, rest, EACH)
        self._uncached = stack.enter_context(contestants.variant(arena, world, "todo", "uncached"))

    def contestants(self, size: str, count: int, entries: int) -> Iterator[Contestant]:
        """The operations on so many lists and rooms with so many entries each, by a person who has only
        those."""
        members = [self.person.id]
        lists = seed.lists(self._todo, members, count, entries)
        rooms = seed.rooms(self._chat, members, count, entries)
        todo, chat = self._uncached, self.world.service("chat")
        probes: dict[str, tuple[Server | Service, list[Request], int]] = {
            "page": (todo, [self._page(each, place) for each in lists for place in _places(entries)], 200),
            "create": (todo, [self._post(f"/api/todo/lists/{each}/tasks", TASK) for each in lists], 201),
            "history": (
                chat,
                [
                    self._get(f"/api/chat/rooms/{each}/messages?before={place + EACH + 2}")
                    for each in rooms
                    for place in _places(entries)
                ],
                200,
            ),
            "unread": (chat, [self._get("/api/chat/unread")], 200),
        }
        for name, (server, requests, status) in probes.items():
            pids = [server.process.pid]
            load = Load(self.arena, server.url, pids, requests, status, CONNECTIONS)
            load.check()
            yield Contestant(f"{name}, {size}", "", load.measure)

    def _page(self, list_id: UUID, place: int) -> Request:
        if place == 0:
            return self._get(f"/api/todo/lists/{list_id}/tasks")
        position = next(islice(seed.positions(place), place - 1, None))
        return self._get(f"/api/todo/lists/{list_id}/tasks?cursor={cursor_encode(position, new_id())}")

    def _get(self, path: str) -> Request:
        return Request(path, self.person.token)

    def _post(self, path: str, body: str) -> Request:
        return Request(path, self.person.token, "POST", body)


def _places(entries: int) -> list[int]:
    """Where full pages begin: at the beginning, and anywhere else where there is room for one."""
    room = entries - EACH
    return [0] if room <= 0 else [0, *random.Random(4).choices(range(1, room), k=99)]


@contextlib.contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    found: list[Contestant] = []
    with contextlib.ExitStack() as stack:
        for size, rows in (SHORT_SIZES if arena.short else SIZES).items():
            world = stack.enter_context(arena.world("chat"))
            grown = Grown(arena, world, stack, rows)
            found += grown.contestants(size, PROBED, EACH)
        # In the large tables. Whoever asks has this one list and this one room, as well as those above.
        for size, entries in (SHORT_LONG if arena.short else LONG).items():
            grown.person = world.people(1)[0]
            found += grown.contestants(size, 1, entries)
        order = {name: place for place, name in enumerate(OPERATIONS)}
        yield sorted(found, key=lambda each: order[each.name.partition(",")[0]])


def _goals() -> Iterator[Goal]:
    for operation in OPERATIONS:
        for less, more in (list(SIZES), list(LONG)):
            yield Goal(f"{operation}, {more}", most=1.2, ours=f"{operation}, {less}")


JOBS = [Job("growth", "Growth", "operations/s", _open, list(_goals()), seconds=3.0)]
