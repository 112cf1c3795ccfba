"""Autoscalers decide alone, on what they can measure, and MySQL has room for what they may decide."""

import re
from collections.abc import Iterator

from tests.manifests.rendered import Object, Rendered, Workload

WORKER_CONNECTIONS = 6  # of a worker: three for reads, three for writes
ENDING = 3  # replicas of a server that are still draining while a rollout replaces the next one
OTHERS = 15  # migrations, the bootstrap, a backup, people


def scaling(all_: Rendered) -> Iterator[str]:
    """Replicas, requests, limits, budgets, connections."""
    for each in all_.workloads():
        for container in each.containers:
            yield from (f"{each.kind} {each.name}: {fault}" for fault in _resources(container))
    for scaler in all_.of("HorizontalPodAutoscaler"):
        name, spec = scaler["metadata"]["name"], scaler["spec"]
        each = all_.workload(spec["scaleTargetRef"]["name"])
        if "replicas" in each.spec:
            yield f"Deployment {name} sets replicas, and each apply would undo what its autoscaler did"
        if spec["minReplicas"] > spec["maxReplicas"] or "scaleDown" not in spec.get("behavior", {}):
            yield f"HorizontalPodAutoscaler {name} has no bounds, or no pace"
        yield from _budget(all_, name)
    yield from _connections(all_)


def _resources(container: Object) -> Iterator[str]:
    name, resources = container["name"], container.get("resources", {})
    for wanted in ("cpu", "memory"):
        if wanted not in resources.get("requests", {}):
            yield f"{name} requests no {wanted}"
    if "memory" not in resources.get("limits", {}):
        yield f"{name} has no memory limit"
    if "cpu" in resources.get("limits", {}):
        yield f"{name} has a CPU limit, and would be stopped while the machine idles"


def _budget(all_: Rendered, name: str) -> Iterator[str]:
    budget = (all_.get("PodDisruptionBudget", name) or {}).get("spec", {})
    if budget.get("maxUnavailable") != 1 or budget.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield f"Deployment {name} has no budget, or one that blocks a drain"


def _connections(all_: Rendered) -> Iterator[str]:
    """All replicas that there may be, in the middle of rolling updates of everything."""
    needed = OTHERS
    for each in all_.workloads("Deployment"):
        environment = all_.environment(each.pod["containers"][0])
        if "TODOLIST_DATABASE_URL" in environment:
            worker = "work" in each.pod["containers"][0]["command"]
            at_once = _most(all_, each) + 1 + (0 if worker else ENDING)
            held = WORKER_CONNECTIONS if worker else 2 * int(environment["TODOLIST_POOL_SIZE"])
            needed += at_once * held
    for configuration in all_.of("ConfigMap"):
        text = configuration.get("data", {}).get("todolist.cnf", "")
        found = re.search(r"max_connections = (\d+)", text)
        if text and (found is None or int(found[1]) < needed):
            yield f"MySQL may get {needed} connections and takes fewer"


def _most(all_: Rendered, each: Workload) -> int:
    scaler = all_.get("HorizontalPodAutoscaler", each.name)
    return int(scaler["spec"]["maxReplicas"] if scaler else each.spec["replicas"])
