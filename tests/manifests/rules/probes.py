"""What goes on running is asked whether it started, is alive and is ready, at addresses that it has."""

import re
from collections.abc import Iterator
from functools import cache

from tests.manifests.code import application
from tests.manifests.rendered import Object, Rendered, Workload, has_port
from tools.manifests import ROOT

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
OURS = "todolist/"


def probes(all_: Rendered) -> Iterator[str]:
    """Deployments and StatefulSets: one container each."""
    for each in all_.workloads("Deployment", "StatefulSet"):
        for container in each.pod["containers"]:
            for fault in (*_all_three(container), *_paths(each, container)):
                yield f"{each.kind} {each.name}: {fault}"


def _all_three(container: Object) -> Iterator[str]:
    for name in PROBES:
        probe = container.get(name)
        if probe is None:
            yield f"no {name}"
            continue
        if probe.get("timeoutSeconds", 1) < 3 or probe.get("failureThreshold", 3) < 3:
            yield f"{name} is too strict"
        command = " ".join(probe.get("exec", {}).get("command", []))
        # While MySQL's image prepares an empty volume, a server answers on the socket and not over TCP.
        if command and " -h 127.0.0.1" not in command:
            yield f"{name} does not ask over TCP: {command}"


def _paths(each: Workload, container: Object) -> Iterator[str]:
    gets = {name: container.get(name, {}).get("httpGet") for name in PROBES}
    for name, get in gets.items():
        if get is None:
            continue
        if not has_port(each, get["port"]):
            yield f"{name}: no port {get['port']}"
        if OURS in container["image"] and get["path"] not in _served(container):
            yield f"{name}: {get['path']} is not served"
    paths = {name: get["path"] for name, get in gets.items() if get is not None}
    if OURS in container["image"] and len(paths) == len(PROBES):
        if paths["startupProbe"] != paths["livenessProbe"]:
            yield "it starts by another address than it lives by"
        if paths["livenessProbe"] == paths["readinessProbe"]:
            yield "it is alive and ready by the same address"
        if container.get("command") and paths["livenessProbe"] != "/livez":
            yield "its life depends on more than itself"


def _served(container: Object) -> set[str]:
    command = container.get("command")
    return _by_nginx() if command is None else _by_application(command[2], command[3:] == ["work"])


@cache
def _by_application(service: str, worker: bool) -> set[str]:
    return {route.path for route in application(service, worker=worker).routes if hasattr(route, "path")}


@cache
def _by_nginx() -> set[str]:
    server = (ROOT / "frontend/nginx/todolist/server.conf").read_text()
    return set(re.findall(r"^\s*location (?:= )?(/\S*) \{", server, flags=re.M))
