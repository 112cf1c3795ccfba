"""`make upgrade`: replace a running compose project's services by newer ones without losing a request.

What a Deployment does on Kubernetes, in small: the new release's migrations run first (they only ever add,
so the old release works on the new schema), then each service's new containers start beside its old ones,
and the old ones are asked to leave once the new ones are healthy. COMPOSE_PROJECT_NAME, PORT and TAG are
read by `docker compose` itself. Standard library only.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tools import images
from tools.console import FailedError, end_as_by_ctrl_c, heading, report, say, step

ROOT = Path(__file__).resolve().parents[1]
SERVICES = ("auth", "todo", "chat")
HEALTHY_SECONDS = 90
LEAVE_SECONDS = 30  # more than the drain and the last requests take; docker-compose.yml: stop_grace_period


def main() -> int:
    """`python3 -m tools.upgrade [--no-build]`."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.upgrade", description=__doc__)
    parser.add_argument("--no-build", action="store_true", help="the images of TAG are there already")
    options = parser.parse_args()
    os.chdir(ROOT)
    end_as_by_ctrl_c()
    try:
        upgrade(build=not options.no_build)
    except KeyboardInterrupt:
        return 130
    except FailedError as failure:
        report(failure)
        return 1
    return 0


def upgrade(*, build: bool) -> None:
    """Build, migrate, then one service after the other, its worker, and at last the front end."""
    heading("Upgrading")
    if not compose("ps", "--quiet", "frontend").strip():
        raise FailedError("No such system is running here.", "Start it with `docker compose up -d`.")
    if build:
        with step("Building images"):
            images.docker("compose", "build", "--quiet", env=images.environment())
    with step("Migrating the databases"):
        for name in ("bootstrap", *(f"{service}-migrate" for service in SERVICES)):
            compose("run", "--rm", "--no-deps", "--quiet-pull", name)
    for service in SERVICES:
        with step(f"Replacing {service}"):
            replace(service)
    with step("Replacing the workers"):
        compose("up", "--detach", "--no-deps", "--no-build", *(f"{service}-worker" for service in SERVICES))
    if changed("frontend", containers("frontend")):
        with step("Replacing the front end (one port, so one moment in which browsers try again)"):
            compose("up", "--detach", "--no-deps", "--no-build", "--wait", "frontend")
    say("Done: every container runs the new release.")


def replace(service: str) -> None:
    """Start as many new containers as there are old ones; when they are healthy, the old ones leave.

    However it ends, only the old or only the new ones are left: both would be counted as replicas by the next
    upgrade, and doubled.
    """
    everyone = containers(service)
    old = [each for each in everyone if inspect(each, "{{.State.Status}}") == "running"]
    for broken in set(everyone) - set(old):  # compose would start it again, and count it as new
        docker("rm", "--force", broken)
    scale = f"--scale={service}={len(old) + max(1, len(everyone))}"
    try:
        compose("up", "--detach", "--no-deps", "--no-recreate", "--no-build", scale, service)
        new = [each for each in containers(service) if each not in old]
        for container in new:
            wait_healthy(service, container)
        if not new or changed(service, new):
            raise FailedError(f"No new {service} was started.", "The old one serves on; look at `docker ps`.")
    except BaseException:
        for container in set(containers(service)) - set(old):
            docker("rm", "--force", container)
        raise
    try:
        for container in old:
            leave(container)
    except BaseException:
        leave(*(set(containers(service)) & set(old)))
        raise


def leave(*old: str) -> None:
    """Ask containers to end, and take them away."""
    if old:
        docker("stop", f"--time={LEAVE_SECONDS}", *old)
        docker("rm", *old)


def changed(service: str, among: Sequence[str]) -> bool:
    """Whether any of these containers runs another image than the service would be started with now."""
    wanted = json.loads(compose("config", "--format=json"))["services"][service]["image"]
    image = docker("image", "inspect", "--format={{.Id}}", wanted).strip()
    return any(inspect(each, "{{.Image}}") != image for each in among)


def wait_healthy(service: str, container: str) -> None:
    """Until its health check says so. The old ones serve on meanwhile, and for ever if it never does."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    while inspect(container, "{{.State.Health.Status}}") != "healthy":
        if time.monotonic() > deadline:
            said = docker("logs", "--tail=10", container)
            raise FailedError(
                f"The new {service} did not become healthy; the old one serves on.\n{said}",
                "Look at what it logged. Its containers were removed; nothing else was changed.",
            )
        time.sleep(0.2)


def containers(service: str) -> list[str]:
    """The ids of a service's containers, whatever became of them."""
    return compose("ps", "--quiet", "--all", service).split()


def inspect(container: str, what: str) -> str:
    """One value of `docker inspect`."""
    return docker("inspect", f"--format={what}", container).strip()


def compose(*arguments: str) -> str:
    """`docker compose …`: what it printed."""
    return docker("compose", *arguments)


def docker(*arguments: str) -> str:
    """`docker …`: what it printed; FailedError with what it complained of."""
    return _run(["docker", *arguments])


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise FailedError(
            "Docker is not installed.", "Install Docker Engine with its compose plugin."
        ) from None
    if done.returncode != 0:
        raise FailedError(
            f"`{' '.join(command)}` ended with status {done.returncode}:\n{done.stderr.strip()}",
            "Nothing that ran before was taken away. Mend it, then run `make upgrade` again.",
        )
    return done.stdout + (done.stderr if command[1] == "logs" else "")


if __name__ == "__main__":
    sys.exit(main())
