"""The machine: which core does what, what processes have used, and how the document describes it."""

import contextlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """One core for the server that is measured; what loads it and what it stores in share the others."""

    server: frozenset[int]
    others: frozenset[int]

    @property
    def both(self) -> frozenset[int]:
        """All of them."""
        return self.server | self.others


def cores() -> Cores:
    """Those that we may use. Where there is only one, everything shares it."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(allowed[-1:]), frozenset(allowed[:-1] or allowed))


@contextlib.contextmanager
def on(chosen: frozenset[int]) -> Iterator[None]:
    """Processes that this thread starts inside stay on these cores, with all that they start."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(pid: int, chosen: frozenset[int]) -> None:
    """Move a running process, every thread of it, to these cores."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), chosen)


def cpu_seconds(*pids: int) -> float:
    """User and system time of these processes since they began, of all their threads (proc(5), stat)."""
    return sum(_ticks(Path(f"/proc/{pid}/stat").read_text()) for pid in pids) / TICK


def _ticks(stat: str) -> int:
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return int(fields[11]) + int(fields[12])


def resident_bytes(pid: int) -> int:
    """What a process holds in memory now (proc(5), VmRSS)."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def describe() -> dict[str, str]:
    """Processor, cores, memory, system and the versions of what takes part."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), flags=re.M)
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return {
        "Processor": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "Memory": f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "",
        "System": f"{_os_name()}, Linux {platform.release().partition('-')[0]}",
    }


def version(*command: str) -> str:
    """The first number with dots in what a program says of itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else ""


def _os_name() -> str:
    with contextlib.suppress(OSError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return platform.system()
