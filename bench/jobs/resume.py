"""Resume: 2,000 sockets cut at once come back at once, and get what they missed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy import text

from bench import rooms
from bench.arena import Arena
from bench.job import OURS, Contestant, Goal, Job, Sample
from bench.live import sockets
from bench.rooms import ABOUT, Opener
from bench.seed.bulk import transaction
from bench.world import World

SOCKETS, ROOMS = 2000, 100
MISSED = 5  # messages in each room
RECORD = ("SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = ON")
ASKED = text(
    "SELECT COUNT(*) FROM mysql.general_log"
    " WHERE user_host LIKE 'chat%' AND command_type IN ('Query', 'Execute') AND argument LIKE 'SELECT%'"
)


class Statements:
    """Counts the reading statements of chat on the server's own record."""

    def __init__(self, world: World) -> None:
        self._url = world.mysql.url()

    def begin(self) -> None:
        """Forget those until now."""
        with transaction(self._url) as connection:
            for statement in RECORD:
                connection.execute(text(statement))

    def count(self) -> int:
        """Those since then; nothing is recorded any more."""
        with transaction(self._url) as connection:
            connection.execute(text("SET GLOBAL general_log = OFF"))
            return int(connection.execute(ASKED).scalar_one())


def _measure(
    arena: Arena, statements: Statements, opener: Opener, count: int, topics: int, seconds: float
) -> Sample:
    if seconds < JOB.seconds:
        count = max(topics, count // 10)  # to warm up, or only to see that it runs
    with opener() as room:
        target = replace(room.target, sockets=count, messages=MISSED)
        with sockets(arena, "resume", target) as tool:
            tool.answer()  # open
            tool.go_on()
            tool.answer()  # cut, and the messages are missed
            statements.begin()
            tool.go_on()
            done = tool.answer()
            asked = statements.count()
    return Sample(
        operations=count,
        seconds=done["seconds"],
        cpu_seconds=done["cpu"]["server"],
        figures={"load_cpu": done["cpu"]["load"] / done["seconds"], "queries": asked / topics},
    )


@contextmanager
def _open(arena: Arena) -> Iterator[Sequence[Contestant]]:
    count, topics = (40, 4) if arena.short else (SOCKETS, ROOMS)
    with arena.world() as world:
        opener = rooms.ours(arena, world, count, topics)
        measure = partial(_measure, arena, Statements(world), opener, count, topics)
        yield [Contestant(OURS, ABOUT[OURS], measure)]


JOB = Job(
    "resume",
    f"{SOCKETS:,} sockets in {ROOMS} rooms, cut at once, {MISSED} messages missed in each room",
    "resumed/s",
    _open,
    [Goal(None, most=1, of="queries")],
    figures={"queries": "queries a room"},
    rounds=3,
)
JOBS = [JOB]
