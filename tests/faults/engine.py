"""Carries a plan out: each fault begins, lasts, and is taken back; when, is written down."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from redis.asyncio import Redis as RedisClient

from tests.faults.plan import Fault, Step
from tests.faults.record import Period
from tests.faults.system import System
from tests.support.proxy import Proxy, RedisProxy
from tools.stack import MySQL, Redis, Service

SLOW_SECONDS = 0.1
HALF = 0.5  # the chance of a publication to be dropped, doubled or overtaken
COMMIT = b"\x03COMMIT"  # MySQL protocol: COM_QUERY


class Engine:
    """Does to a system what a plan says."""

    def __init__(self, system: System) -> None:
        self.periods: list[Period] = []
        self._system = system

    async def run(self, step: Step) -> None:
        """The faults of a step, from their beginning until all that was killed is ready again."""
        periods = [Period(fault, time.monotonic()) for fault in step.faults]
        self.periods += periods
        async with AsyncExitStack() as stack:
            for fault in step.faults:
                await stack.enter_async_context(self._inject(fault, random.Random(f"{step.seed}/{fault}")))
            await asyncio.sleep(step.seconds)
        await asyncio.gather(*(self._system.ready(replica) for replica in self._system.replicas))
        for period in periods:
            period.ended = time.monotonic()

    @asynccontextmanager
    async def _inject(self, fault: Fault, chance: random.Random) -> AsyncIterator[None]:
        match fault.kind:
            case "kill" | "stop":
                acting = self._process(fault, chance)
            case "commit":
                acting = self._commit(chance)
            case "flush":
                acting = self._flush()
            case _:
                acting = self._network(fault, chance)
        async with acting:
            yield

    @asynccontextmanager
    async def _process(self, fault: Fault, chance: random.Random) -> AsyncIterator[None]:
        system = self._system
        servers: dict[str, MySQL | Redis] = {"mysql": system.mysql, "redis": system.redis}
        server = servers.get(fault.target)
        victim = server or system.replicas[chance.choice(system.of(fault.target))]
        if fault.kind == "stop":
            victim.pause()
            try:
                yield
            finally:
                victim.resume()
            return
        victim.kill()
        try:
            yield
        finally:
            if isinstance(victim, Service):
                victim.start(wait=False)  # it may need what another fault keeps from it
            else:
                await asyncio.to_thread(victim.start)

    @asynccontextmanager
    async def _network(self, fault: Fault, chance: random.Random) -> AsyncIterator[None]:
        if fault.kind == "away":
            chosen = [link for (_, callee), link in self._system.links.items() if callee == fault.target]
        else:
            links = self._system.way(fault.target)
            chosen = chance.sample(links, chance.randint(1, len(links)))
        for link in chosen:
            _disturb(link, fault.kind)
        try:
            yield
        finally:
            for link in chosen:
                link.heal()

    @asynccontextmanager
    async def _flush(self) -> AsyncIterator[None]:
        async with RedisClient.from_url(self._system.redis.url) as client:
            await client.flushall()
        yield

    @asynccontextmanager
    async def _commit(self, chance: random.Random) -> AsyncIterator[None]:
        """Kill MySQL on the next COMMIT that anybody sends: before it arrives, or just after."""
        mysql: MySQL = self._system.mysql
        links = self._system.way("to-mysql")
        delay = chance.choice([0.0, 0.0005, 0.002])
        loop = asyncio.get_running_loop()

        def see(data: bytes) -> None:
            if COMMIT in data:
                for link in links:
                    link.watch = None
                if delay:
                    loop.call_later(delay, mysql.kill)
                else:
                    mysql.kill()

        for link in links:
            link.watch = see
        try:
            yield
        finally:
            for link in links:
                link.watch = None
            await asyncio.to_thread(mysql.start)


def _disturb(link: Proxy, kind: str) -> None:
    match kind, link:
        case "cut" | "away", _:
            link.refusing = True
            link.cut()
        case "silence", _:
            link.silent = True
        case "forget", _:
            link.forget()
        case "slow", _:
            link.delay = SLOW_SECONDS
        case "drop", RedisProxy():
            link.drop = HALF
        case "double", RedisProxy():
            link.double = HALF
        case "reorder", RedisProxy():
            link.late = HALF
        case _:
            raise AssertionError(f"{kind} cannot be done to this link")
