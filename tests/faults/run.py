"""One run: a system, its load, the faults of a plan, rest, and what the checker says."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from common.tasks import end
from tests.faults.checker import check
from tests.faults.clock import Clock
from tests.faults.engine import Engine
from tests.faults.load import CLIENTS, Load
from tests.faults.plan import Step
from tests.faults.prober import Prober
from tests.faults.record import Write
from tests.faults.system import System
from tests.faults.truth import History, history, read_heads
from tests.support import eventually

REST_SECONDS = 40.0  # after the last fault, until every client shows what the server has
ANSWER_SECONDS = 45.0  # after the last fault, until every write has an answer
Say = Callable[[str], None]


@dataclass
class Outcome:
    """A step that was carried out."""

    step: Step
    recovery: float  # seconds from its end until everything written is seen everywhere again
    acknowledged: int  # writes while it lasted and until then


@dataclass
class Result:
    """What came of a run."""

    seed: str
    outcomes: list[Outcome] = field(default_factory=list)
    acknowledged: int = 0
    events: int = 0  # that clients have received
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)


class Run:
    """`async with Run(system, seed) as run: await run.steps(…)`, then `run.result`."""

    def __init__(
        self,
        system: System,
        seed: str,
        say: Say = lambda _: None,
        *,
        clients: int = CLIENTS,
        rest: float = REST_SECONDS,
    ) -> None:
        self.result = Result(seed)
        self.system = system
        self.load = Load(system, seed, clients=clients)
        self.engine = Engine(system)
        self.clock = Clock(self.engine.periods)
        self.history: History | None = None
        self._prober = Prober(system, seed)
        self._say = say
        self._rest = rest
        self._began = time.monotonic()
        self._watching: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start the load."""
        self._watching = asyncio.create_task(self.clock.run(self.system))
        await self._prober.begin()
        await self.load.begin()

    async def steps(self, steps: Iterable[Step], *, until: float = float("inf")) -> None:
        """Carry out steps, none that begins after `until` (time.monotonic)."""
        for step in steps:
            if time.monotonic() >= until:
                break
            before = self.load.acknowledged()
            await self.engine.run(step)
            recovery = await self._prober.well()
            written = self.load.acknowledged() - before
            self.result.outcomes.append(Outcome(step, recovery, written))
            names = " + ".join(map(str, step.faults))
            self._say(
                f"  {names:40} {step.seconds:4.1f} s   well after {recovery:4.1f} s   {written:4} writes"
            )

    async def end(self) -> Result:
        """Let the clients come to rest, check, and close."""
        result = self.result
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.load.end()
        except TimeoutError:
            result.violations += [
                f"no answer after {ANSWER_SECONDS:.0f} s: {write}" for write in self._open()
            ]
        try:
            try:
                await eventually(self._at_rest, timeout=self._rest)
            except AssertionError as error:
                result.violations.append(f"not at rest after {self._rest:.0f} s: {error}")
            self.history = await history(self.system, self.load, self.engine.periods, self.clock)
            self.history.records += self._prober.records
            result.violations += check(self.history)
        finally:
            await self.stop()
        result.acknowledged = self.load.acknowledged()
        result.events = sum(len(stay.events) for record in self.history.records for stay in record.stays)
        result.seconds = time.monotonic() - self._began
        return result

    async def stop(self) -> None:
        """End the load, whatever it has come to."""
        await self.load.stop()
        await self._prober.stop()
        if self._watching is not None:
            await end([self._watching])

    def _open(self) -> list[Write]:
        """Writes that are still being tried."""
        writes = (write for record in self.load.records for write in record.writes)
        return [write for write in writes if write.acknowledged is None and not write.refused]

    async def _at_rest(self) -> bool:
        """Whether every client shows each of its topics at the number at which its log stands."""
        heads = await asyncio.to_thread(read_heads, self.system)
        for member in self.load.members:
            for service, follower in (("todo", member.todo), ("chat", member.chat)):
                assert follower.settled, f"{member.client.name} still loads in {service}"
                for topic, view in follower.views.items():
                    head = heads[f"{service}/{topic}"]
                    assert view.seq == head, f"{member.client.name}: {topic} at {view.seq}, not {head}"
        return True
