"""Loading over HTTP: wrk (Debian's), with the same connections for everyone, and what it must not find."""

import json
import resource
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.arena import Arena
from bench.job import Sample, WrongAnswerError

CONNECTIONS = 64
FEW = 8  # when nothing is measured, a slow machine shall not refuse anybody
SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Request:
    """One request. Every one carries its token, as every client's does."""

    path: str
    token: str = ""
    method: str = "GET"
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def all_headers(self) -> dict[str, str]:
        """With those that follow from the rest."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        media = {"Content-Type": "application/json"} if self.body is not None else {}
        return {**bearer, **media, **self.headers}


@dataclass(frozen=True)
class Answer:
    """What a contestant answered to one request."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def ask(url: str, request: Request) -> Answer:
    """One request, for its answer."""
    data = None if request.body is None else request.body.encode()
    asked = urllib.request.Request(url + request.path, data, request.all_headers(), method=request.method)  # noqa: S310 - an address of ours
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - as above
            return Answer(answer.status, answer.read(), dict(answer.headers))
    except urllib.error.HTTPError as error:  # 304 is one, too
        return Answer(error.code, error.read(), dict(error.headers))


@dataclass(frozen=True)
class Load:
    """Requests for one contestant, repeated in turn over the connections."""

    arena: Arena
    url: str
    pids: Sequence[int]
    requests: Sequence[Request]
    status: int = 200
    connections: int = CONNECTIONS
    pause: int = 0  # milliseconds that a connection waits before each request

    def check(self) -> Answer:
        """Ask for the first request: the status has to be right before anything is measured."""
        answer = ask(self.url, self.requests[0])
        if answer.status != self.status:
            raise WrongAnswerError(f"{self.url} answered {answer.status}: {answer.body[:300]!r}")
        return answer

    def measure(self, seconds: float, cores: frozenset[int] | None = None) -> Sample:
        """Load it for so long; whatever was refused or broken spoils the round."""
        expected = len(self.check().body)
        before = machine.cpu_seconds(*self.pids)
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = self._run(max(1, round(seconds)), cores or self.arena.cores.others)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = machine.cpu_seconds(*self.pids) - before
        self._examine(found, expected)
        took = found["microseconds"] / 1e6
        load = used.ru_utime + used.ru_stime - own.ru_utime - own.ru_stime
        return Sample(
            operations=int(found["requests"]),
            seconds=took,
            cpu_seconds=spent,
            p50=found["p50"] / 1e3,
            p99=found["p99"] / 1e3,
            figures={"load_cpu": load / took, "server_cpu": spent / took},
        )

    def _run(self, seconds: int, cores: frozenset[int]) -> dict[str, float]:
        file = self.arena.home / f"{id(self)}.lua"
        file.write_text("return {" + ",\n".join(_lua(request) for request in self.requests) + "}\n")
        connections = min(self.connections, FEW) if self.arena.short else self.connections
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
        words = [*command, "-s", str(SCRIPT), self.url, "--", str(file), str(self.pause)]
        with machine.on(cores):
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds + 60)
        last = done.stdout.rpartition("\n{")[2]
        if done.returncode != 0 or not last:
            raise WrongAnswerError(f"wrk failed: {done.stdout[-500:]}{done.stderr[-500:]}")
        outcome: dict[str, float] = json.loads("{" + last)
        return outcome

    def _examine(self, found: dict[str, float], expected: int) -> None:
        if found["refused"] or found["broken"]:
            said = f"{found['refused']:.0f} refused, {found['broken']:.0f} broken"
            raise WrongAnswerError(f"{self.url}: of {found['requests']:.0f} requests {said}")
        if not found["requests"]:
            raise WrongAnswerError(f"{self.url}: nothing was answered")
        # wrk counts only statuses from 400 as wrong; an answer without its body would be a wrong one, too.
        each = found["bytes"] / found["requests"]
        if not expected * 0.95 <= each <= expected * 1.05 + 1000:
            raise WrongAnswerError(f"{self.url}: {each:.0f} bytes an answer, {expected} of body expected")


def same_items(answers: Mapping[str, Answer]) -> None:
    """That all contestants answer the same items; what a page says beside them is as long to a few bytes."""
    bodies = {name: json.loads(answer.body) for name, answer in answers.items()}
    (first, model), *others = bodies.items()
    for name, body in others:
        if body["items"] != model["items"]:
            raise WrongAnswerError(f"{name} and {first} answer different items")
        if abs(len(answers[name].body) - len(answers[first].body)) > 64:
            raise WrongAnswerError(f"{name} and {first} answer differently much")


def same_fields(answers: Mapping[str, Answer]) -> None:
    """That all contestants answer a creation with a resource of the same fields, of the same length."""
    bodies = {name: json.loads(answer.body) for name, answer in answers.items()}
    (first, model), *others = bodies.items()
    for name, body in others:
        if body.keys() != model.keys() or abs(len(answers[name].body) - len(answers[first].body)) > 32:
            raise WrongAnswerError(f"{name} and {first} answer different resources")


def _lua(request: Request) -> str:
    headers = ",".join(f"[{_text(name)}]={_text(value)}" for name, value in request.all_headers().items())
    body = "" if request.body is None else f",body={_text(request.body)}"
    return f"{{method={_text(request.method)},path={_text(request.path)},headers={{{headers}}}{body}}}"


def _text(value: str) -> str:
    """A Lua string; JSON's escapes of control characters, quotes and backslashes are Lua's."""
    return json.dumps(value, ensure_ascii=False)
