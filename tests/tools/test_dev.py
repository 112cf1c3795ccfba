"""`make dev` from a terminal's point of view: it starts, says how to sign in, and leaves nothing behind."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.person import new_client
from tools.stack import free_port
from tools.stack.ports import is_free, wait_until
from tools.stack.service import ROOT

START_SECONDS = 240
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("dev"),  # one after the other: each start takes the whole machine
    pytest.mark.timeout(600),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]


class Terminal:
    """A `make dev` with its output, in a session of its own, as a terminal gives it one."""

    def __init__(self, state: Path, port: int) -> None:
        environment = {**os.environ, "TODOLIST_STATE": str(state)}
        self.port = port
        self.begun = time.monotonic()
        self.make = subprocess.Popen(
            ["make", "dev", f"PORT={port}"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """Everything it has said."""
        return "".join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until it has said this."""
        said = wait_until(
            lambda: text in self.output, seconds=START_SECONDS, alive=lambda: self.make.poll() is None
        )
        assert said or text in self.output, self.output

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> str:
        """What Ctrl-C does: the signal goes to all in the foreground. Everything it said until its end."""
        os.killpg(self.make.pid, number)
        return self.ended()

    def ended(self) -> str:
        """Wait for its end; all it said."""
        self.make.wait(120)
        self._reader.join(10)
        return self.output

    def processes(self) -> dict[int, str]:
        """Everything it started that lives, by process id."""
        everyone = running()
        family = {self.make.pid}
        while more := {pid for pid, (parent, _) in everyone.items() if parent in family} - family:
            family |= more
        return {pid: everyone[pid][1] for pid in family if pid in everyone}

    def _read(self) -> None:
        assert self.make.stdout is not None
        with self.make.stdout as output:
            for line in output:
                self._lines.append(line.decode())


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    """Opens a terminal with `make dev` in it; all use the same data and port, one after the other."""
    opened: list[Terminal] = []
    port = free_port()

    def open_one() -> Terminal:
        opened.append(Terminal(tmp_path / "state", port))
        return opened[-1]

    yield open_one
    for terminal in opened:
        if terminal.make.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(terminal.make.pid, signal.SIGTERM)
            terminal.ended()


def running() -> dict[int, tuple[int, str]]:
    """Every process of this machine that runs (not those that only wait to be reaped): parent and command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if state != "Z":
                found[int(folder.name)] = (int(parent), words)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those of the processes that still run."""
    return pids & set(running())


async def test_it_starts_seeds_once_and_stops_all_it_started(terminal: Callable[[], Terminal]) -> None:
    first = terminal()
    first.wait_for("Ctrl-C stops everything")
    first_start = time.monotonic() - first.begun
    started = first.processes()
    assert any("mariadbd" in words or "mysqld" in words for words in started.values())
    sign_in = re.search(r"Sign in\s+(\S+)\s+password\s+(\S+)", first.output)
    assert sign_in is not None, first.output
    async with new_client() as client:
        site = f"http://127.0.0.1:{first.port}"
        assert (await client.get(site)).status_code == 200
        credentials = {"email": sign_in[1], "password": sign_in[2], "transport": "body"}
        session = await client.post(f"{site}/api/auth/sessions", json=credentials)
        assert session.status_code == 201, session.text
        token = {"Authorization": f"Bearer {session.json()['access_token']}"}
        lists = (await client.get(f"{site}/api/todo/lists", headers=token)).json()["items"]
        assert len(lists) == 1
        rooms = (await client.get(f"{site}/api/chat/rooms", headers=token)).json()["items"]
        assert [room["list_id"] for room in rooms] == [lists[0]["id"]]
    assert "has stopped" in first.interrupt()
    assert not alive(set(started))
    assert is_free(first.port)

    second = terminal()
    second.wait_for("Ctrl-C stops everything")
    assert "Demo data" not in second.output
    assert sign_in[2] in second.output
    assert time.monotonic() - second.begun < 3 * first_start  # machines that test are busy
    started = second.processes()
    second.interrupt(signal.SIGTERM)
    assert not alive(set(started))


def test_the_end_of_one_part_ends_all_and_is_explained(terminal: Callable[[], Terminal]) -> None:
    dev = terminal()
    dev.wait_for("Ctrl-C stops everything")
    started = dev.processes()
    redis = next(pid for pid, words in started.items() if "redis" in words)
    os.kill(redis, signal.SIGKILL)
    said = dev.ended()
    assert "Redis has ended" in said
    assert "Traceback" not in said
    assert dev.make.returncode != 0
    assert not alive(set(started))


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    environment = {**os.environ, "TODOLIST_STATE": str(tmp_path / "state")}
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            ["make", "dev", f"PORT={port}"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert f"make dev PORT={port + 10}" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
