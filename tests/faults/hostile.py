"""Clients that mean harm beside one that does not: what does the honest one notice, attack by attack?"""

import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bench.machine import cores, move, on
from common.socket import TOPICS
from tests.faults.attacks import ATTACKS
from tests.faults.client import Client, fresh
from tests.faults.loading import LISTS, ROOMS
from tests.faults.system import System
from tests.support import eventually
from tools.stack.service import ROOT

WINDOWS = 4  # of the honest user, each with a request at a time
PAUSE_SECONDS = 0.02  # between two requests in a window
WARM_SECONDS = 3.0
SETTLE_SECONDS = 2.0  # in which what an attack has left behind is cleared away
QUIET_SECONDS, ALONE_SECONDS = 5.0, 10.0  # before each attack, and of it
TOGETHER_SECONDS = 24.0  # of all attacks: longer than a request may take to arrive
AT_MOST = 2.0  # times its own quiet p99
FLOOR_SECONDS = 0.010  # below this a p99 is the machine's, not ours
AFTER_SECONDS = 20.0  # in which memory comes back
KEPT = 1.25  # of the memory at rest that may stay: what Python and the allocator keep for the next time
LARGE = "𝄞" * 10_000  # what is said where nobody reads: 40 kB

Times = list[float]
"""Seconds that each request of the honest user took."""


@dataclass
class Hostile:
    """What came of it."""

    quiet: Times = field(default_factory=list)  # before each attack, as long in all as the attacks
    alone: dict[str, Times] = field(default_factory=dict)  # beside each attack
    together: Times = field(default_factory=list)  # beside all of them
    memory: list[float] = field(default_factory=list)  # MiB of both processes: before, at the most, after
    answers: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)  # by service and attack
    violations: list[str] = field(default_factory=list)

    def answered(self, attack: str) -> Counter[str]:
        """What an attack was answered, by all services."""
        return sum((Counter(answers.get(attack, {})) for answers in self.answers.values()), Counter())


async def hostile(system: System, seed: str) -> Hostile:
    """Measure in quiet and beside each attack in turn, then beside all, then wait for the memory."""
    found = Hostile()
    honest, villain = Client(system, "honest", seed), Client(system, "villain", seed)
    attacked = [system.replicas["todo-0"], system.replicas["chat-0"]]
    user = _User(honest, [replica.process.pid for replica in attacked], found)
    for pid in user.pids:
        move(pid, cores().server)
    try:
        await user.begin()
        targets = await _targets(villain, [replica.url for replica in attacked])
        async with _Attackers.at(targets) as attackers:
            for name in ATTACKS:
                await attackers.turn_to()
                await asyncio.sleep(SETTLE_SECONDS)
                found.quiet += await user.works(QUIET_SECONDS)
                await attackers.turn_to(name)
                found.alone[name] = await user.works(ALONE_SECONDS)
            await attackers.turn_to(*ATTACKS)
            found.together = await user.works(TOGETHER_SECONDS)
            found.answers = await attackers.end()
        with suppress(AssertionError):
            await eventually(user.has_its_memory_back, timeout=AFTER_SECONDS)
    finally:
        await honest.close()
        await villain.close()
        for pid in user.pids:
            move(pid, cores().both)
    judge(found)
    return found


class _User:
    """The honest user, and what the attacked processes hold meanwhile."""

    def __init__(self, client: Client, pids: list[int], found: Hostile) -> None:
        self.pids = pids
        self._client = client
        self._found = found
        self._path = ""

    async def begin(self) -> None:
        """Make a list, and make everything warm."""
        await self._client.register()
        list_id = fresh()
        await self._client.send("POST", LISTS, json={"id": list_id, "title": "Honest"})
        self._path = f"{LISTS}/{list_id}/tasks"
        self._found.memory = [0.0] * 3
        await self.works(WARM_SECONDS)
        self._found.memory = [self._resident()] * 3

    async def works(self, seconds: float) -> Times:
        """Read a list and write a task in turn, in each window; how long each took."""
        until = time.monotonic() + seconds
        windows = [asyncio.create_task(self._window(until)) for _ in range(WINDOWS)]
        try:
            return [taken for times in await asyncio.gather(*windows) for taken in times]
        finally:
            for window in windows:
                window.cancel()

    async def has_its_memory_back(self) -> bool:
        """Whether little is held of what was held for the others."""
        self._found.memory[2] = self._resident()
        return self._found.memory[2] <= self._found.memory[0] * KEPT

    async def _window(self, until: float) -> Times:
        times: Times = []
        while time.monotonic() < until:
            for method, body in (("GET", None), ("POST", {"id": fresh(), "title": "x"})):
                began = time.monotonic()
                answer = await self._client.once(method, self._path, replica=0, json=body)
                times.append(time.monotonic() - began)
                if answer is None or not answer.is_success:
                    self._found.violations.append(f"the honest user got {answer} for {method}")
                await asyncio.sleep(PAUSE_SECONDS)
            self._found.memory[1] = max(self._found.memory[1], self._resident())
        return times

    def _resident(self) -> float:
        return sum(map(resident, self.pids))


async def _targets(villain: Client, urls: list[str]) -> list[dict[str, Any]]:
    """Lists and rooms of the others' own, where they may do whatever a member may: one more than a socket may
    follow."""
    await villain.register()
    ids = [fresh() for _ in range(TOPICS + 1)]
    for each in ids:
        await villain.send("POST", LISTS, json={"id": each, "title": "Hostile"})
        await villain.send("POST", ROOMS, json={"id": each, "title": "Hostile", "kind": "group"})
    todo = {"service": "todo", "path": f"{LISTS}/{ids[0]}/tasks", "say": {"title": "x", "notes": LARGE}}
    chat = {"service": "chat", "path": f"{ROOMS}/{ids[0]}/messages", "say": {"body": LARGE}}
    topics = [[f"{noun}:{each}" for each in ids] for noun in ("list", "room")]
    return [
        {**target, "url": url, "token": villain.token, "topic": first, "topics": others}
        for target, url, (first, *others) in zip((todo, chat), urls, topics, strict=True)
    ]


class _Attackers:
    """Their process, on the cores that the attacked do not have."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, targets: list[dict[str, Any]]) -> AsyncIterator["_Attackers"]:
        """Start it; whatever happens, it ends."""
        with on(cores().others):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.attacker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=ROOT,
                start_new_session=True,
            )
        try:
            attackers = cls(process)
            await attackers._tell(targets)
            yield attackers
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def turn_to(self, *names: str) -> None:
        """From now on these attacks are under way, and no others."""
        await self._tell(names)
        await self._heard()

    async def end(self) -> dict[str, dict[str, dict[str, int]]]:
        """What each service answered to each attack."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        answers: dict[str, dict[str, dict[str, int]]] = await self._heard()
        await self._process.wait()
        return answers

    async def _tell(self, what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        await self._process.stdin.drain()

    async def _heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await asyncio.wait_for(self._process.stdout.readline(), 30))


def judge(found: Hostile) -> None:
    """Add to the violations what was not as it has to be."""
    quiet = p99(found.quiet)
    for what, times in [*found.alone.items(), ("all attacks", found.together)]:
        if p99(times) > AT_MOST * max(quiet, FLOOR_SECONDS):
            found.violations.append(
                f"p99 of the honest user beside {what} {p99(times):.3f} s, in quiet {quiet:.3f} s"
            )
    if found.memory[2] > found.memory[0] * KEPT:
        found.violations.append(f"memory (MiB) before, at the most, after: {found.memory}")
    for service, (name, attack) in product(found.answers, ATTACKS.items()):
        answers = found.answers[service].get(name, {}).keys()
        if missing := attack.documented - answers:
            found.violations.append(f"{name} was never answered {sorted(missing)} by {service}")
        if undocumented := answers - attack.documented - attack.tolerated:
            found.violations.append(f"{name} was answered {sorted(undocumented)} by {service}")


def p99(times: Times) -> float:
    """The 99th percentile."""
    return statistics.quantiles(times, n=100)[98]


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
