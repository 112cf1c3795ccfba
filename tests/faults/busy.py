"""When the machine had no time: a process that takes long for an empty answer cannot keep to a second."""

import asyncio
import time

import httpx

from tests.faults.plan import Fault
from tests.faults.record import Period
from tests.faults.system import System
from tests.support.person import new_client
from tools.stack import Service

LONG_SECONDS = 0.05
EVERY_SECONDS = 0.2


async def watch(system: System, periods: list[Period]) -> None:
    """Ask every replica all the time; write down when it was slow, or did not answer."""
    async with new_client() as client:
        await asyncio.gather(*(_watch(client, *each, periods) for each in system.replicas.items()))


async def _watch(client: httpx.AsyncClient, name: str, replica: Service, periods: list[Period]) -> None:
    while True:
        began = time.monotonic()
        try:
            await client.get(f"{replica.url}/livez")
        except httpx.TransportError:
            pass  # it was killed: that is written down elsewhere
        took = time.monotonic() - began
        if took > LONG_SECONDS:
            periods.append(Period(Fault("busy", name), began, time.monotonic()))
        await asyncio.sleep(EVERY_SECONDS)
