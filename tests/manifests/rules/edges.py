"""Who may reach whom: exactly those who, by their settings and by the code, do."""

import re
from collections.abc import Iterator
from itertools import product

from tests.manifests.code import SERVICES, calls
from tests.manifests.rendered import Object, Rendered, Workload, matches

Edge = tuple[str, str, int]
OUTSIDE = "the outside"
ENTRANCES = {"frontend", "acme-solver"}  # whom everybody may reach
NODE = "169.254.0.0/16"  # where a cache on the node answers; for names only
PROXY = {"matchLabels": {"gateway.networking.k8s.io/gateway-name": "todolist"}}  # a Gateway controller's pods
API_SERVER = {("bootstrap", OUTSIDE, port) for port in (443, 6443, 8443)}
SHARED = {f"TODOLIST_{name.upper()}_URL" for name in SERVICES}  # given to all; who uses them, the code knows
ADDRESS = re.compile(r"^(?:[a-z]+://)?(?:[^@/]*@)?([a-z][a-z0-9.-]*):(\d+)")


def edges(all_: Rendered) -> Iterator[str]:
    """Each needed edge is open at both ends, and no other is."""
    yield from _shut(all_)
    needed, allowed = _needed(all_), _allowed(all_)
    yield from (f"{a} cannot reach {b} at {port}" for a, b, port in sorted(needed - allowed))
    yield from (f"{a} may reach {b} at {port}, and never does" for a, b, port in sorted(allowed - needed))


def _shut(all_: Rendered) -> Iterator[str]:
    everyone = [x for x in all_.of("NetworkPolicy") if x["spec"]["podSelector"] == {}]
    if not any(
        set(x["spec"]["policyTypes"]) == {"Ingress", "Egress"} and len(x["spec"]) == 2 for x in everyone
    ):
        yield "nothing is denied by default"
    for policy in all_.of("NetworkPolicy"):
        name = policy["metadata"]["name"]
        if policy["spec"]["podSelector"] == PROXY:  # it asks its control plane, wherever that may be
            continue
        if any(not rule.get("to") or not rule.get("ports") for rule in policy["spec"].get("egress", [])):
            yield f"NetworkPolicy {name} lets out to everywhere"
        for rule in policy["spec"].get("ingress", []):
            if not rule.get("ports") or (not rule.get("from") and name not in ENTRANCES):
                yield f"NetworkPolicy {name} lets everybody in"
    for policy in all_.of("CiliumNetworkPolicy"):
        if policy["spec"].get("egress") != [{"toEntities": ["kube-apiserver"]}]:
            yield f"CiliumNetworkPolicy {policy['metadata']['name']} lets out to more than the API server"
    asking = [rule for x in everyone for rule in x["spec"].get("egress", [])]
    if {(port["port"], port.get("protocol")) for x in asking for port in x["ports"]} != {
        (53, "UDP"),
        (53, "TCP"),
    }:
        yield "names cannot be resolved"
    if not any({"ipBlock": {"cidr": NODE}} in rule["to"] for rule in asking):
        yield "names cannot be resolved where nodes have a cache"


def _needed(all_: Rendered) -> set[Edge]:
    found: set[Edge] = set()
    for each in all_.workloads():
        for container in each.containers:
            command = container.get("command", [])
            environment = all_.environment(container)
            addresses = {key: value for key, value in environment.items() if key not in SHARED}
            if command[2:3] and command[2] in SERVICES:
                called = calls(command[2], worker=command[3:] == ["work"])
                addresses |= {name: environment[f"TODOLIST_{name.upper()}_URL"] for name in called}
            for prefix in ("TODOLIST_MYSQL", "MYSQL"):
                if f"{prefix}_HOST" in environment:
                    port = environment.get(f"{prefix}_PORT", "3306")
                    addresses[prefix] = f"{environment[f'{prefix}_HOST']}:{port}"
            for address in addresses.values():
                found |= _to(all_, each, address)
    if all_.get("StatefulSet", "prometheus"):
        found |= _observed(all_)
    return found | API_SERVER


def _to(all_: Rendered, each: Workload, address: str) -> set[Edge]:
    said = ADDRESS.match(address)
    if said is None:
        return set()
    host, port = said[1].removesuffix(".todolist.svc.cluster.local"), int(said[2])
    service = all_.get("Service", host)
    if service is None:
        return {(each.label, OUTSIDE, port)}
    found = all_.selected({"matchLabels": service["spec"]["selector"]})
    target = next(x["targetPort"] for x in service["spec"]["ports"] if x["port"] == port)
    return {(each.label, callee.label, number) for callee in found for number in _numbers(callee, target)}


def _observed(all_: Rendered) -> set[Edge]:
    """From the files that Prometheus and Grafana read."""
    data = {key: text for each in all_.of("ConfigMap") for key, text in each.get("data", {}).items()}
    prometheus, grafana = all_.workload("prometheus"), all_.workload("grafana")
    found = {
        edge
        for name in re.findall(r"names: \[([a-z-]+)\]", data["prometheus.yml"])
        for edge in _to(all_, prometheus, f"{name}:8000")
    }
    return found | _to(all_, grafana, re.findall(r"url: (\S+)", data["datasource.yml"])[0])


def _numbers(each: Workload, port: str | int) -> set[int]:
    declared = [x for container in each.containers for x in container.get("ports", [])]
    return {x["containerPort"] for x in declared if port in (x.get("name"), x["containerPort"])}


def _allowed(all_: Rendered) -> set[Edge]:
    found: set[Edge] = set()
    for caller, callee in product(all_.workloads(), repeat=2):
        ports = {x["containerPort"] for container in callee.containers for x in container.get("ports", [])}
        for port in ports:
            out = _opens(all_, caller, callee, port, "egress", "to")
            if out and _opens(all_, callee, caller, port, "ingress", "from"):
                found.add((caller.label, callee.label, port))
    for caller in all_.workloads():
        for rule in _rules(all_, caller, "egress"):
            blocks = {peer["ipBlock"]["cidr"] for peer in rule["to"] if "ipBlock" in peer}
            if blocks:
                ports = {port["port"] for port in rule["ports"]}
                found |= {(caller.label, OUTSIDE, port) for port in ports if (blocks, port) != ({NODE}, 53)}
    return found


def _rules(all_: Rendered, each: Workload, direction: str) -> list[Object]:
    own = [x["spec"] for x in all_.of("NetworkPolicy") if matches(x["spec"]["podSelector"], each.labels)]
    return [rule for spec in own for rule in spec.get(direction, [])]


def _opens(all_: Rendered, own: Workload, other: Workload, port: int, direction: str, side: str) -> bool:
    return any(
        any(listed["port"] == port for listed in rule["ports"])
        and (
            not rule.get(side)
            or any(
                "podSelector" in peer and matches(peer["podSelector"], other.labels) for peer in rule[side]
            )
        )
        for rule in _rules(all_, own, direction)
    )
