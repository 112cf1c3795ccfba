"""The jobs. A module here lists its own in JOBS; the document shows them in this order."""

import importlib
import pkgutil

from bench.job import Job

ORDER = (
    "trivial",
    "unchanged",
    "changed",
    "conditional",
    "create",
    "send",
    "fanout-200",
    "fanout-1000",
    "idle",
    "resume",
    "sign-in",
    "growth",
    "replicas",
    "start",
)


def find() -> list[Job]:
    """All jobs of all modules here."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    jobs: list[Job] = [job for module in modules for job in getattr(module, "JOBS", [])]
    return sorted(jobs, key=lambda job: ORDER.index(job.name) if job.name in ORDER else len(ORDER))
