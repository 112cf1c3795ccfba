"""A compose project of a test's own: started from nothing, disturbed, and taken away with its volumes."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tools.stack import free_port
from tools.stack.ports import wait_until
from tools.stack.service import NAMES, ROOT

START_SECONDS = 240  # an empty MySQL volume on a busy machine


class Project:
    """One `docker compose -p NAME`. `tag` names the images, which must be built."""

    def __init__(self, name: str, *, tag: str, replicas: int = 1) -> None:
        self.name = name
        self.port = free_port()
        self.tag = tag
        self.replicas = replicas

    def url(self, _service: str = "") -> str:
        """The one address of the system, whichever service is asked for."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **more: str) -> Mapping[str, str]:
        """What `docker compose` is started with."""
        told = {"COMPOSE_PROJECT_NAME": self.name, "PORT": str(self.port), "TAG": self.tag}
        return {**os.environ, **told, **more}

    def compose(self, *arguments: str, check: bool = True) -> str:
        """`docker compose …`: what it printed."""
        return self.run("docker", "compose", *arguments, check=check)

    def up(self) -> None:
        """Start everything and wait until it is healthy."""
        scale = [f"--scale={name}={self.replicas}" for name in NAMES]
        self.compose("up", "--detach", "--no-build", "--quiet-pull", *scale)
        healthy = wait_until(self.whole, seconds=START_SECONDS, alive=lambda: True)
        assert healthy, self.compose("ps", "--all") + self.compose("logs", "--tail=20")

    def down(self) -> None:
        """Take it away, with its data."""
        self.compose("down", "--volumes", "--timeout=1", "--remove-orphans", check=False)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, stopped ones too."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def states(self) -> list[dict[str, Any]]:
        """`docker compose ps`: one object a container."""
        lines = self.compose("ps", "--all", "--format=json").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def whole(self) -> bool:
        """Whether every container is healthy, or was a one-shot that succeeded."""
        states = self.states()
        return bool(states) and all(
            state["Health"] == "healthy"
            or (state["Health"] == "" and (state["State"], state["ExitCode"]) == ("exited", 0))
            for state in states
        )

    def kill(self, *services: str) -> None:
        """SIGKILL every container of these services, all at once; they stay away until `start`."""
        self.run("docker", "kill", *(each for service in services for each in self.containers(service)))

    def start(self, *services: str) -> None:
        """Bring back what was killed."""
        self.run("docker", "start", *(each for service in services for each in self.containers(service)))

    def logs(self) -> dict[str, str]:
        """The end of what each service has logged."""
        return {self.name: self.compose("logs", "--no-color", "--tail=15", check=False)}

    def run(self, *command: str, check: bool = True) -> str:
        """Any command, with the project in its environment: what it printed."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout
