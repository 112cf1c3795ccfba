"""The todo service without its memory for pages: what a page costs that has to be built.
`python -m bench.peers.uncached`."""

import runpy

from todo import page_cache

if __name__ == "__main__":
    page_cache.PageCache.put = lambda *_: None  # type: ignore[method-assign]  # the one thing that differs
    runpy.run_module("todo", run_name="__main__")
