"""The bounded memory of pages, as bytes, that are still good.

The page that a list shows at one number of its log is the same for every reader and never changes, so a page
that is found here is never stale, and nothing has to be removed but for want of room.
"""

from collections import OrderedDict
from collections.abc import Hashable

from todo import metrics

MAX_BYTES = 32 * 1024 * 1024


class PageCache:
    """The pages used last, up to so many bytes."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pages: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """The page, which thereby counts as used."""
        page = self._pages.get(key)
        (metrics.MISS if page is None else metrics.HIT).inc()
        if page is not None:
            self._pages.move_to_end(key)
        return page

    def put(self, key: Hashable, page: bytes) -> None:
        """Keep a page; those unused for longest make room."""
        if key in self._pages or len(page) > self._max_bytes:
            return
        self._pages[key] = page
        self._bytes += len(page)
        while self._bytes > self._max_bytes:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= len(oldest)
        metrics.PAGES_BYTES.set(self._bytes)
