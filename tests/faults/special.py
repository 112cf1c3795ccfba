"""Faults that take their time, or need more than a load to be seen."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pymysql

from tests.faults.client import Client, fresh
from tests.faults.plan import Fault, Step
from tests.faults.system import System
from tools.stack.ports import HOST

PAUSE_SECONDS = 30.0
AWAY_SECONDS = 60.0


def long_steps(seed: str) -> list[Step]:
    """A replica that sleeps and is woken, and a follower's source that is away, each under load."""
    return [
        Step((Fault("stop", "todo"),), PAUSE_SECONDS, f"{seed}/sleep-todo"),
        Step((Fault("away", "todo"),), AWAY_SECONDS, f"{seed}/away-todo"),
    ]


@dataclass
class Exhaustion:
    """What became of requests while every connection of a pool was held."""

    requests: int
    answers: Counter[str] = field(default_factory=Counter)
    slowest_refusal: float = 0.0  # seconds
    recovery: float = 0.0  # seconds from the release until everything is answered again
    violations: list[str] = field(default_factory=list)


HELD_SECONDS = 4.0
REQUESTS = 60
REFUSED_WITHIN = 1.0


async def exhaust(system: System, seed: str) -> Exhaustion:
    """Hold every connection that todo has for reading: who comes then gets 503 within a second."""
    client = Client(system, "exhaustion", seed)
    found = Exhaustion(REQUESTS)
    try:
        await client.register()
        async with _locked(system):
            waiting = [asyncio.create_task(_ask(client, found)) for _ in range(REQUESTS)]
            await asyncio.sleep(HELD_SECONDS)
        began = time.monotonic()
        await asyncio.gather(*waiting)
        if (await client.send("GET", "/api/todo/lists", replica=0)).status_code != 200:
            found.violations.append("no recovery after the exhaustion of a pool")
        found.recovery = time.monotonic() - began
    finally:
        await client.close()
    if not found.answers["503"]:
        found.violations.append(f"nothing was refused: {found.answers}")
    if found.slowest_refusal > REFUSED_WITHIN:
        found.violations.append(f"a refusal took {found.slowest_refusal:.2f} s")
    return found


async def _ask(client: Client, found: Exhaustion) -> None:
    """A read of its own, which shares nothing with others."""
    began = time.monotonic()
    answer = await client.once("GET", f"/api/todo/lists/{fresh()}/events", replica=0)
    took = time.monotonic() - began
    found.answers["none" if answer is None else str(answer.status_code)] += 1
    if answer is not None and answer.status_code == 503:
        found.slowest_refusal = max(found.slowest_refusal, took)


@asynccontextmanager
async def _locked(system: System) -> AsyncIterator[None]:
    """Every statement on todo's topics waits."""
    database = f"todo{system.stack.suffix}"
    with (
        pymysql.connect(
            host=HOST, port=system.mysql.port, user="root", password=system.mysql.password
        ) as connection,
        connection.cursor() as cursor,
    ):
        await asyncio.to_thread(cursor.execute, f"LOCK TABLES `{database}`.topics WRITE")
        yield
