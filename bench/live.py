"""Sockets by the thousand: the tool of `bench/sockets/`, started beside the contestants, told what to do in
one line, and stopped between its phases while somebody looks at the server."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import golang, machine
from bench.arena import Arena
from bench.job import WrongAnswerError


@dataclass(frozen=True)
class Target:
    """One contestant, and what to do to it; the fields are those of `target` in bench/sockets/main.go."""

    protocol: str  # todolist, plain or socketio
    live: str  # host:port of the process that holds the sockets
    path: str  # of its WebSocket endpoint
    post: list[str]  # the addresses that take messages, one for each topic
    tokens: list[str] = field(default_factory=list)  # of those who open the sockets, in turn
    topics: list[str] = field(default_factory=list)  # what they follow, in turn
    sender: str = ""  # the token that posts
    watch: dict[str, int] = field(default_factory=dict)  # whose CPU time is taken with its own
    sockets: int = 0
    body: int = 160  # bytes of a message's text
    window: int = 0  # messages under way at once, or
    rate: float = 0  # messages a second
    warmup: float = 0  # seconds that are not counted
    seconds: float = 0
    messages: int = 0  # missed in each topic while the sockets are cut


class Tool:
    """A run of the tool, which ends with its input."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def go_on(self, line: str = "") -> None:
        """Let it go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What it says next: a phase, or at the end the result. Raises WrongAnswerError when it gave up."""
        assert self._process.stdout is not None and self._process.stderr is not None  # noqa: PT018 - both are pipes
        line = self._process.stdout.readline()
        if not line:
            raise WrongAnswerError(self._process.stderr.read().strip())
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def sockets(arena: Arena, job: str, target: Target) -> Iterator[Tool]:
    """Start the tool on the cores of the load; it is gone when this is left."""
    program = golang.build("sockets")
    with machine.on(arena.cores.others):
        process = subprocess.Popen(
            [str(program), job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    with process:
        try:
            tool = Tool(process)
            tool.go_on(json.dumps(asdict(target)))
            yield tool
        finally:
            process.kill()
