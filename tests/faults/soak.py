"""The load for a long time, without faults: memory, descriptors, tasks and connections must stay flat."""

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pymysql
from redis.asyncio import Redis as RedisClient

from tests.faults.hostile import resident
from tests.faults.run import Run
from tests.faults.system import System
from tests.support.metrics import scrape

SECTION_SECONDS = 60.0  # then new accounts and lists, so that the load stays what it is
EVERY_SECONDS = 5.0
GROWTH = 1.1  # of the median of the last quarter over that of the second


@dataclass
class Sample:
    """What the six processes hold together."""

    at: float  # seconds since the beginning
    memory: float  # MiB
    descriptors: float
    tasks: float
    mysql: float  # connections to it
    redis: float  # and to it


UNITS = {
    "memory": "resident memory, MiB",
    "descriptors": "open file descriptors",
    "tasks": "asyncio tasks",
    "mysql": "connections to MySQL",
    "redis": "connections to Redis",
}


@dataclass
class Soak:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    writes: int = 0
    violations: list[str] = field(default_factory=list)

    def quarters(self, kind: str) -> tuple[float, float, float]:
        """The medians of the second and of the last quarter, and the most. The first is for warming up."""
        values = [getattr(sample, kind) for sample in self.samples]
        quarter = len(values) // 4
        return (
            statistics.median(values[quarter : 2 * quarter] or values),
            statistics.median(values[-quarter:] or values),
            max(values),
        )


async def soak(system: System, seed: str, seconds: float, say: Callable[[str], None]) -> Soak:
    """Sections of load, one after the other, while samples are taken."""
    found = Soak()
    began = time.monotonic()
    sampling = asyncio.create_task(_sample(system, found, began))
    try:
        section = 0
        while time.monotonic() < began + seconds:
            section += 1
            run = Run(system, f"{seed}/{section}")
            await run.begin()
            await asyncio.sleep(min(SECTION_SECONDS, max(0.0, began + seconds - time.monotonic())))
            result = await run.end()
            found.writes += result.acknowledged
            found.violations += result.violations
            say(f"  {time.monotonic() - began:6.0f} s   {found.writes:7,} writes   {_held(found)}")
    finally:
        sampling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampling
    for kind in UNITS:
        early, late, _ = found.quarters(kind)
        if late > early * GROWTH:
            found.violations.append(f"{kind} grew from {early:.0f} to {late:.0f}")
    return found


def _held(found: Soak) -> str:
    last = found.samples[-1]
    return (
        f"{last.memory:.0f} MiB, {last.descriptors:.0f} descriptors, {last.tasks:.0f} tasks, "
        f"connections: {last.mysql:.0f} to MySQL, {last.redis:.0f} to Redis"
    )


async def _sample(system: System, found: Soak, began: float) -> None:
    while True:
        pids = [replica.process.pid for replica in system.replicas.values()]
        scraped = await asyncio.gather(*(scrape(replica.url) for replica in system.replicas.values()))
        tasks = sum(s.value for samples in scraped for s in samples if s.name == "asyncio_tasks")
        mysql, redis = await asyncio.to_thread(_to_mysql, system), await _to_redis(system)
        descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
        memory = sum(map(resident, pids))
        found.samples.append(Sample(time.monotonic() - began, memory, descriptors, tasks, mysql, redis))
        await asyncio.sleep(EVERY_SECONDS)


async def _to_redis(system: System) -> int:
    async with RedisClient.from_url(system.redis.url) as client:
        return int((await client.info("clients"))["connected_clients"]) - 1  # our own


def _to_mysql(system: System) -> int:
    with (
        pymysql.connect(
            host="127.0.0.1", port=system.mysql.port, user="root", password=system.mysql.password
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user <> 'root'")
        ((count,),) = cursor.fetchall()
        return int(count)


WIDTH, HEIGHT, LEFT, TOP, GAP = 820, 110, 60, 30, 40


def plot(found: Soak) -> str:
    """The curves, one above the other, as SVG."""
    height = TOP + len(UNITS) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (kind, title) in enumerate(UNITS.items()):
        parts += _curve(found, kind, title, TOP + number * (HEIGHT + GAP))
    minutes = found.samples[-1].at / 60
    parts.append(
        f'<text x="{WIDTH - 10}" y="{height - 8}" text-anchor="end" fill="#555">{minutes:.0f} minutes</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _curve(found: Soak, kind: str, title: str, top: float) -> Iterator[str]:
    values = [getattr(sample, kind) for sample in found.samples]
    most, end = max(values) * 1.1 or 1, found.samples[-1].at or 1
    points = " ".join(
        f"{LEFT + (WIDTH - LEFT - 10) * sample.at / end:.1f},{top + HEIGHT * (1 - value / most):.1f}"
        for sample, value in zip(found.samples, values, strict=True)
    )
    yield f'<text x="{LEFT}" y="{top - 6}" font-weight="bold" fill="#222">{title}</text>'
    yield f'<path d="M{LEFT},{top} V{top + HEIGHT} H{WIDTH - 10}" fill="none" stroke="#999"/>'
    yield f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end" fill="#555">0</text>'
    at = top + HEIGHT * (1 - max(values) / most) + 4
    yield f'<text x="{LEFT - 6}" y="{at:.0f}" text-anchor="end" fill="#555">{max(values):,.0f}</text>'
    yield f'<polyline points="{points}" fill="none" stroke="#2563eb" stroke-width="1.5"/>'
