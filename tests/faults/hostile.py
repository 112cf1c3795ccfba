"""Clients that mean harm beside one that does not: what does the honest one notice?"""

import asyncio
import json
import signal
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.client import Client, fresh
from tests.faults.loading import LISTS
from tests.faults.system import System
from tests.support import eventually
from tools.stack.service import ROOT

QUIET_SECONDS, ATTACK_SECONDS = 8.0, 24.0  # longer than a request may take to arrive
PAUSE_SECONDS = 0.02  # between two requests of the honest user
AT_MOST = 2.0  # times its own quiet p99
FLOOR_SECONDS = 0.010  # below this a p99 is the machine's, not ours
AFTER_SECONDS = 20.0  # in which memory comes back
KEPT = 1.25  # of the memory at rest that may stay: what Python and the allocator keep for the next time
ALLOWED = {
    "slow-loris": {"408"},
    "half-open socket": {"4003"},
    "unread socket": {"4002", "served when it reads again"},
    "malformed or oversized frame": {"4501", "1009"},
    "header flood": {"431", "closed"},  # closed: the answer was lost, since the rest was not read
    "deep JSON": {"400 malformed", "422 invalid"},
    "large body": {"413 too-large"},
    "10,000 subscriptions": {"not-found", "too-many-topics", "ready"},
}
"""What each attack may be answered: documented codes."""


@dataclass
class Hostile:
    """What came of it."""

    quiet: list[float] = field(default_factory=list)  # seconds a request of the honest user took
    attacked: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)  # MiB of both processes: before, at the most, after
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


async def hostile(system: System, seed: str) -> Hostile:
    """Measure in quiet, then under attack, then wait for the memory."""
    found, client = Hostile(), Client(system, "honest", seed)
    replicas = [system.replicas["todo-0"], system.replicas["chat-0"]]
    pids = [replica.process.pid for replica in replicas]
    try:
        await client.register()
        list_id = fresh()
        await client.send("POST", LISTS, json={"id": list_id, "title": "Honest"})
        await _use(client, list_id, [], 2.0)
        found.quiet = await _use(client, list_id, [], QUIET_SECONDS)
        found.memory = [sum(map(resident, pids))] * 3
        told = [
            {"url": replica.url, "service": replica.name, "token": client.token, "list_id": list_id}
            for replica in replicas
        ]
        found.answers = await _under_attack(client, list_id, told, found, pids)
        with suppress(AssertionError):
            await eventually(lambda: _comes_back(found, pids), timeout=AFTER_SECONDS)
    finally:
        await client.close()
    _judge(found)
    return found


async def _under_attack(
    client: Client, list_id: str, told: list[dict[str, str]], found: Hostile, pids: list[int]
) -> dict[str, dict[str, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.attacks",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told).encode() + b"\n")
        await process.stdin.drain()
        await _use(client, list_id, pids, 2.0)  # until they have all come
        found.attacked = await _use(client, list_id, pids, ATTACK_SECONDS, found)
        process.send_signal(signal.SIGTERM)
        said, _ = await asyncio.wait_for(process.communicate(), 30)
        answers: dict[str, dict[str, int]] = json.loads(said)
        return answers
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _use(
    client: Client, list_id: str, pids: list[int], seconds: float, found: Hostile | None = None
) -> list[float]:
    """The honest user reads a list and writes a task in turn; how long each took."""
    times: list[float] = []
    until = time.monotonic() + seconds
    path = f"{LISTS}/{list_id}/tasks"
    while time.monotonic() < until:
        for method, body in (("GET", None), ("POST", {"id": fresh(), "title": "x"})):
            began = time.monotonic()
            answer = await client.once(method, path, replica=0, json=body)
            times.append(time.monotonic() - began)
            if found is not None and (answer is None or not answer.is_success):
                found.violations.append(f"the honest user got {answer} for {method}")
            await asyncio.sleep(PAUSE_SECONDS)
        if found is not None:
            found.memory[1] = max(found.memory[1], sum(map(resident, pids)))
    return times


async def _comes_back(found: Hostile, pids: list[int]) -> bool:
    found.memory[2] = sum(map(resident, pids))
    return found.memory[2] <= found.memory[0] * KEPT


def _judge(found: Hostile) -> None:
    quiet, attacked = p99(found.quiet), p99(found.attacked)
    if attacked > AT_MOST * max(quiet, FLOOR_SECONDS):
        found.violations.append(f"p99 of the honest user {attacked:.3f} s, in quiet {quiet:.3f} s")
    if found.memory[2] > found.memory[0] * KEPT:
        found.violations.append(f"memory (MiB) before, at the most, after: {found.memory}")
    for attack, allowed in ALLOWED.items():
        answers = found.answers.get(attack, {}).keys()
        if not answers or answers - allowed:
            found.violations.append(f"{attack} was answered {set(answers) or 'nothing'}")


def p99(times: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(times, n=100)[98]


def resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
