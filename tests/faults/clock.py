"""A second, counted in the time that the machine had: what a process needs for an empty answer, it had not.

Every replica is asked for nothing all the time, by the process that also carries every byte between them.
A beat that took 300 ms is 300 ms in which nobody could have done anything sooner, and they are added. A
service that is slow in its work, and quick to say so, gets nothing added.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.record import Period
from tests.faults.system import System
from tools.stack import Service
from tools.stack.ports import HOST

EVERY_SECONDS = 0.05
ASK = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Beat:
    """From a question to its answer."""

    asked: float
    answered: float


class Clock:
    """What was measured while a run lasted, by replica."""

    def __init__(self, periods: Sequence[Period] = ()) -> None:
        self.beats: dict[str, list[Beat]] = defaultdict(list)
        self._periods = periods

    def after(self, began: float, seconds: float) -> float:
        """The moment at which so many seconds have passed since `began` for the slowest replica."""
        return max((_after(beats, began, seconds) for beats in self.beats.values()), default=began + seconds)

    async def run(self, system: System) -> None:
        """Measure until cancelled."""
        await asyncio.gather(*(self._ask(*each) for each in system.replicas.items()))

    async def _ask(self, name: str, replica: Service) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(HOST, replica.port)
                try:
                    await self._beat(name, reader, writer)
                finally:
                    writer.close()
            except OSError:  # it was killed: until it is back there is nothing to measure
                await asyncio.sleep(EVERY_SECONDS)

    async def _beat(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = time.monotonic()
            writer.write(ASK)
            if not await reader.read(4096):
                return
            beat = Beat(asked, time.monotonic())
            if not self._was_stopped(name, beat):
                self.beats[name].append(beat)
            await asyncio.sleep(EVERY_SECONDS)

    def _was_stopped(self, name: str, beat: Beat) -> bool:
        """Whether it was late because we had stopped it: that is no lack of time."""
        service = name.partition("-")[0]
        return any(
            period.fault.kind == "stop"
            and period.fault.target == service
            and period.began < beat.answered
            and period.ended > beat.asked
            for period in self._periods
        )


def _after(beats: list[Beat], began: float, seconds: float) -> float:
    moment = began + seconds
    for beat in beats:
        if beat.asked < moment and beat.answered > began:
            moment += beat.answered - max(beat.asked, began)
    return moment
