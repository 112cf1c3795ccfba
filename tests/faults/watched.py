"""`python -m tests.faults.watched SERVICE`: the service with one metric more, how many tasks its loop has."""

import asyncio
import importlib
import sys
from typing import Any

from prometheus_client import Gauge

from common.runtime import Runtime

TASKS = Gauge("asyncio_tasks", "Tasks of the event loop that have not ended.")


def watch() -> None:
    """Count when Prometheus asks."""
    begin = Runtime.__init__

    def init(self: Runtime, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        TASKS.set_function(lambda: len(asyncio.all_tasks()))

    Runtime.__init__ = init  # type: ignore[method-assign]  # a look from outside


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    watch()
    (service,) = sys.argv
    importlib.import_module("common.serve").main(
        service, importlib.import_module(f"{service}.settings").Settings
    )
