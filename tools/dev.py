"""`make dev`: everything on this machine, behind one address, until Ctrl-C. Standard library only."""

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tools.console import COLOURS, FailedError, end_as_by_ctrl_c, heading, paint, report, say, step
from tools.demo import Demo
from tools.prepare import FRONTEND, PYTHON, ROOT, STATE, digest, holds, prepare, run
from tools.stack import MySQL, Process, Redis, Service, StartError, free_port, service_environment
from tools.stack.ports import is_free
from tools.stack.service import NAMES, PYTHONPATH, answers

READY_SECONDS = 120
HUES = {"auth": "35", "todo": "36", "chat": "33", "web": "34"}
RELOADING = {"TODOLIST_LOG_FORMAT": "console", "TODOLIST_DRAIN_SECONDS": "0"}


class Development:
    """The processes of one `make dev`, in the order they were started."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.site = f"http://127.0.0.1:{port}"
        self.started: list[MySQL | Redis | Service | Process] = []
        self.stopping = False

    def start(self) -> None:
        """Start everything and wait until the site answers."""
        mysql, redis = MySQL(STATE / "mysql"), Redis(STATE / "redis")
        with step("Database and Redis"):
            self._start(redis)
            self._start(mysql)
        secrets = STATE / "secrets.json"
        self._make_databases(mysql, secrets)
        with step("Services and front end"):
            self._start_site(mysql, redis, _read(secrets))

    def watch(self) -> None:
        """Return only by an exception: an interrupt, or the end of something that should not have ended."""
        while True:
            for part in self.started:
                process = part if isinstance(part, Process) else part.process
                if not process.running:
                    raise FailedError(f"{process.name} has ended.\n{process.tail()}", _look_above(process))
            time.sleep(0.2)

    def stop(self) -> None:
        """End what was started, last first; at once when asked a second time."""
        self.stopping = True
        try:
            for part in reversed(self.started):
                part.stop()
        except KeyboardInterrupt:
            for part in reversed(self.started):
                part.kill()

    def _start(self, part: MySQL | Redis | Process) -> None:
        self.started.append(part)  # first: an interrupt may come while it starts
        part.start()

    def _make_databases(self, mysql: MySQL, secrets: Path) -> None:
        parts = ("*/migrations/**/*.py", "common/common/bootstrap/*.py")
        sources = sorted(path for part in parts for path in (ROOT / "services").glob(part))
        stamp = mysql.home / "schema"  # beside the data it speaks of
        state = digest(*sources)
        if holds(stamp, state) and secrets.exists():
            return
        with step("Databases, accounts, schema"):
            environment = {**os.environ, "PYTHONPATH": PYTHONPATH, "TODOLIST_ROOT_URL": mysql.url()}
            command: list[str | Path] = [PYTHON, "-m", "tools.databases", "--secrets", secrets]
            run(command, env=environment, advice="`make reset` forgets all data.")
            stamp.write_text(state)

    def _start_site(self, mysql: MySQL, redis: Redis, secrets: dict[str, str]) -> None:
        ports = {name: free_port() for name in NAMES}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        services = []
        for name in NAMES:
            known = service_environment(name, mysql=mysql, redis=redis, secrets=secrets, urls=urls)
            environment = {**known, **RELOADING}
            service = Service(name, env=environment, port=ports[name], python=PYTHON, arguments=("--reload",))
            services.append(service)
            self.started.append(service)
            service.start(wait=False)
            self._follow(service.process)
        web = self._front_end(urls)
        self.started.append(web)
        web.start()
        self._follow(web)
        self._wait(services, web)

    def _front_end(self, urls: dict[str, str]) -> Process:
        colour = {"FORCE_COLOR": "1"} if COLOURS else {"NO_COLOR": "1"}
        addresses = {f"{name.upper()}_URL": url for name, url in urls.items()}
        environment = {**os.environ, **addresses, **colour, "PORT": str(self.port)}
        # Not through npm, which would stand between us and it when it has to end.
        command = [str(FRONTEND / "node_modules/.bin/vite"), "--port", str(self.port), "--strictPort"]
        return Process("web", command, env=environment, cwd=FRONTEND)

    def _wait(self, services: list[Service], web: Process) -> None:
        deadline = time.monotonic() + READY_SECONDS
        waiting = {service.name: service.ready for service in services}
        waiting["web"] = lambda: answers(f"{self.site}/")
        while waiting:
            for process in [web, *(service.process for service in services)]:
                if not process.running:
                    raise FailedError(f"{process.name} ended while it was starting.", _look_above(process))
            if time.monotonic() > deadline:
                advice = "Look above for what it logged."
                raise FailedError(f"Not ready after {READY_SECONDS} s: {', '.join(waiting)}.", advice)
            waiting = {name: ready for name, ready in waiting.items() if not ready()}
            time.sleep(0.05)

    def _follow(self, process: Process) -> None:
        assert process.child is not None
        output = process.child.stdout
        assert output is not None
        prefix = paint(f"{process.name:<5}│", HUES[process.name])

        def copy() -> None:
            # The pipe is closed under us when the process is reaped.
            with contextlib.suppress(ValueError, OSError):
                for line in output:
                    text = line.decode(errors="replace").rstrip()
                    if text and not self.stopping:
                        say(f"{prefix} {text}")

        threading.Thread(target=copy, daemon=True).start()


def serve(port: int) -> int:
    """Prepare, start, seed once, and stay until told to stop."""
    heading(f"Todolist on http://127.0.0.1:{port}")
    if not is_free(port):
        advice = f"Choose another: make dev PORT={port + 10}"
        raise FailedError(f"Port {port} is taken by another program.", advice)
    prepare("python", "node", "servers")
    development = Development(port)
    try:
        development.start()
        demo = Demo(STATE / "demo.json", development.site)
        if not demo.done:
            with step("Demo data"):
                demo.seed()
        _welcome(development.site, demo)
        development.watch()
    finally:
        say("\nStopping …")
        development.stop()
        say("Everything this command started has stopped.")
    return 0


def reset() -> int:
    """Forget all data of this folder's stack."""
    with _alone("Stop it first (Ctrl-C there)."):
        shutil.rmtree(STATE)
    say("All data is gone; the next `make dev` starts from nothing.")
    return 0


def _welcome(site: str, demo: Demo) -> None:
    say(f"\n  {paint('Open', '1')}     {paint(site, '1;4;32')}")
    for label, person in zip(("Sign in", "or as"), demo.people, strict=True):
        who = f"{person['email']}   password  {person['password']}   ({person['name']})"
        say(f"  {paint(f'{label:<8}', '1')} {who}")
    say(f"  API      {site}/api/todo/docs   (auth and chat likewise)")
    say("  Ctrl-C stops everything; `make reset` forgets the data.\n")


def _look_above(process: Process) -> str:
    return f"See {process.log}." if process.log else "Look above for what it said; then start again."


def _read(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text()))


@contextlib.contextmanager
def _alone(advice: str) -> Iterator[None]:
    """Hold this folder's lock: two stacks on the same data would destroy it. Other folders have their own."""
    STATE.mkdir(parents=True, exist_ok=True)
    with open(STATE / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FailedError("`make dev` is already running in this folder.", advice) from None
        yield


def main() -> int:
    """`python3 -m tools.dev [--port N] [reset]`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.dev", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "reset"], default="serve")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    os.chdir(ROOT)
    end_as_by_ctrl_c()
    try:
        if options.command == "reset":
            return reset()
        with _alone("Use that one, or stop it first."):
            return serve(options.port)
    except KeyboardInterrupt:
        return 0
    except FailedError as failure:
        report(failure)
    except StartError as failure:
        report(FailedError(str(failure), "Look at the log it names; `make reset` starts from nothing."))
    return 1


if __name__ == "__main__":
    sys.exit(main())
