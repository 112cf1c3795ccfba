"""Whether the system is well, as people notice it: what is written anywhere is seen everywhere at once."""

import asyncio
import time

from tests.faults.client import fresh
from tests.faults.loading import LISTS, ROOMS
from tests.faults.member import Member
from tests.faults.record import Record
from tests.faults.system import REPLICAS, System
from tests.faults.view import View
from tests.support import eventually

WELL_SECONDS = 40.0  # that it may take after a fault; the probe fails then
SEEN_SECONDS = 1.0  # in which a write has to be on every screen


class Prober:
    """One account with a list, on screen at every replica."""

    def __init__(self, system: System, seed: str) -> None:
        self._screens = [Member(system, "prober", f"{seed}/prober", replica=n) for n in range(REPLICAS)]
        self._list = ""

    @property
    def records(self) -> list[Record]:
        """What the screens have seen."""
        return [screen.client.record for screen in self._screens]

    async def begin(self) -> None:
        """Sign in once, for all screens; make the list."""
        first, *others = self._screens
        await first.client.register()
        for screen in others:
            screen.client.same_as(first.client)
        self._list = fresh()
        await first.client.send("POST", LISTS, json={"id": self._list, "title": "Probe"})
        for screen in self._screens:
            screen.start()
        await self.well()

    async def stop(self) -> None:
        """Close the sockets."""
        await asyncio.gather(*(screen.stop() for screen in self._screens))

    async def well(self) -> float:
        """Probe until everything written is seen everywhere soon; how long that took in seconds."""
        began = time.monotonic()
        await eventually(self._probe, timeout=WELL_SECONDS)
        return time.monotonic() - began

    async def _probe(self) -> bool:
        """One task through one replica, one message through another; both on all screens within a second."""
        room = self._room()
        if room is None:
            return False
        wanted = {
            "task": (f"{LISTS}/{self._list}/tasks", "title", fresh()),
            "message": (f"{ROOMS}/{room}/messages", "body", fresh()),
        }
        for screen in self._screens:
            for path, field, name in wanted.values():
                sent = await screen.client.once("POST", path, json={"id": name, field: name})
                if sent is None or not sent.is_success:
                    return False
        deadline = time.monotonic() + SEEN_SECONDS
        while time.monotonic() < deadline:
            if all(
                name in self._items(view, noun)
                for noun, (_, _, name) in wanted.items()
                for view in self._views(noun)
            ):
                return True
            await asyncio.sleep(0.02)
        return False

    def _room(self) -> str | None:
        rooms = [set(screen.rooms()) for screen in self._screens]
        return next(iter(rooms[0])) if rooms[0] and all(each == rooms[0] for each in rooms) else None

    def _views(self, noun: str) -> list[View | None]:
        if noun == "task":
            return [screen.lists().get(self._list) for screen in self._screens]
        return [next(iter(screen.rooms().values()), None) for screen in self._screens]

    @staticmethod
    def _items(view: View | None, noun: str) -> set[str]:
        return set(view.items.get(noun, {})) if view is not None else set()
