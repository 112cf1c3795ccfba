"""Where contestants meet: the private servers of a run, and how processes are started in it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench import machine
from bench.peers import tables
from bench.world import World
from tools.stack import MySQL, Process, Redis, free_port
from tools.stack.mysql import make_data_directory
from tools.stack.ports import HOST, wait_until
from tools.stack.service import PYTHONPATH, ROOT, answers

START_SECONDS = 30


class Server:
    """A contestant's process: where it answers, what it has used."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


class Arena:
    """Made once per run. Everything it starts ends with it."""

    def __init__(self, home: Path, *, short: bool) -> None:
        self.home = home
        self.short = short  # only to see that everything runs: no figure is worth anything
        self.cores = machine.cores()
        self._template = home / "template"
        self._count = 0

    @contextlib.contextmanager
    def mysql(self) -> Iterator[MySQL]:
        """A new database server with the durability that ours has everywhere, beside the load generator."""
        if not self._template.exists():
            make_data_directory(self._template, self.home / "template.log")
        server = MySQL(self._folder("mysql"), template=self._template, settings=ROOMY)
        with machine.on(self.cores.others):
            server.start()
        try:
            yield server
        finally:
            server.kill()
            shutil.rmtree(server.home, ignore_errors=True)

    @contextlib.contextmanager
    def redis(self) -> Iterator[Redis]:
        """A new Redis, beside the load generator."""
        server = Redis(self._folder("redis"))
        with machine.on(self.cores.others):
            server.start()
        try:
            yield server
        finally:
            server.kill()

    @contextlib.contextmanager
    def world(self, *measured: str, env: Mapping[str, str] | None = None) -> Iterator[World]:
        """Our three services with servers of their own; those named are on the core for servers."""
        with self.mysql() as mysql, self.redis() as redis:
            world = World(self._folder("world"), mysql, redis, self.cores, measured, env or {})
            try:
                world.start()
                tables.make(mysql.port, mysql.password)
                yield world
            finally:
                world.stop()

    @contextlib.contextmanager
    def server(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        path: str = "/ready",
        cores: frozenset[int] | None = None,
    ) -> Iterator[Server]:
        """A peer's process on the core for servers, given its port in PORT; it answers `path` with 200 when
        it is ready."""
        port = free_port()
        ours = {"PYTHONPATH": os.pathsep.join([str(ROOT), PYTHONPATH]), "TODOLIST_PORT": str(port)}
        complete = {**os.environ, **(env or {}), **ours, "PORT": str(port), "HOST": HOST}
        process = Process(name, command, log=self._folder(name) / "log", env=complete, cwd=ROOT)
        server = Server(process, port)
        with machine.on(cores or self.cores.server):
            process.start()
        try:
            url = server.url + path
            if not wait_until(lambda: answers(url), seconds=START_SECONDS, alive=lambda: process.running):
                raise process.failed("did not become ready")
            yield server
        finally:
            process.kill()

    def _folder(self, name: str) -> Path:
        self._count += 1
        folder = self.home / f"{self._count:03}-{name}"
        folder.mkdir(parents=True)
        return folder


# A page that is read again comes from memory, for every contestant.
ROOMY = {"innodb-buffer-pool-size": "1G", "loose-innodb-log-file-size": "512M"}


@contextlib.contextmanager
def arena(*, short: bool) -> Iterator[Arena]:
    """A run's arena, in a temporary directory of its own."""
    home = Path(tempfile.mkdtemp(prefix="todolist-bench-"))
    try:
        yield Arena(home, short=short)
    finally:
        shutil.rmtree(home, ignore_errors=True)
