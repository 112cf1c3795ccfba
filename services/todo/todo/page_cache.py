"""The bounded memory of pages, as bytes, that are still good.

The page that a list shows at one number of its log is the same for every reader and never changes, so a page
that is found here is never stale. A newer one takes its place: hardly anybody asks for an older, and who does
has it read from the rows.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from todo import metrics

MAX_BYTES = 32 * 1024 * 1024


class Place(NamedTuple):
    """Where a list's log stands."""

    epoch: str
    seq: int


class PageCache:
    """The newest of each page, those used last, up to so many bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pages: OrderedDict[Hashable, tuple[Place, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, place: Place) -> bytes | None:
        """The page as of that place, which thereby counts as used."""
        known = self._pages.get(key)
        if known is None or known[0] != place:
            metrics.MISS.inc()
            return None
        metrics.HIT.inc()
        self._pages.move_to_end(key)
        return known[1]

    def put(self, key: Hashable, place: Place, page: bytes) -> None:
        """Keep a page instead of an older one; those unused for longest make room."""
        if len(page) > self._max_bytes:
            return
        if (known := self._pages.get(key)) is not None:
            if known[0].epoch == place.epoch and known[0].seq >= place.seq:
                return  # who reads slowly has brought an older one
            self._bytes -= len(known[1])
        self._pages[key] = place, page
        self._pages.move_to_end(key)
        self._bytes += len(page)
        while self._bytes > self._max_bytes:
            _, (_, oldest) = self._pages.popitem(last=False)
            self._bytes -= len(oldest)
        metrics.PAGES_BYTES.set(self._bytes)
