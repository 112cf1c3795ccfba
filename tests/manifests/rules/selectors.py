"""Whatever selects something selects something that is there; every port it names exists."""

from collections.abc import Iterator
from typing import Any

from tests.manifests.rendered import Object, Rendered, has_port, matches

# Pods that a controller of the cluster makes, so that no workload of ours has these labels.
FOREIGN = {"acme.cert-manager.io/http01-solver", "gateway.networking.k8s.io/gateway-name"}


def selectors(all_: Rendered) -> Iterator[str]:
    """Services, policies, budgets, autoscalers, routes: none of them hangs in the air."""
    yield from _services(all_)
    yield from _policies(all_)
    yield from _budgets(all_)
    yield from _targets(all_)
    yield from _own_pods(all_)
    yield from _routes(all_)


def _services(all_: Rendered) -> Iterator[str]:
    for service in all_.of("Service"):
        name = service["metadata"]["name"]
        found = all_.selected({"matchLabels": service["spec"]["selector"]})
        if not found:
            yield f"Service {name} selects nothing"
        for port in service["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if not all(has_port(each, target) for each in found):
                yield f"Service {name}: its pods have no port {target}"


def _policies(all_: Rendered) -> Iterator[str]:
    for policy in all_.of("NetworkPolicy"):
        name, spec = policy["metadata"]["name"], policy["spec"]
        yield from (f"NetworkPolicy {name} {fault}" for fault in _selected(all_, spec["podSelector"]))
        own = all_.selected(spec["podSelector"])
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction, []):
                peers = [peer["podSelector"] for peer in rule.get(side, []) if "podSelector" in peer]
                for peer in peers:
                    yield from (f"NetworkPolicy {name}: a peer {fault}" for fault in _selected(all_, peer))
                ends = own if direction == "ingress" else [x for peer in peers for x in all_.selected(peer)]
                for port in rule.get("ports", []):
                    if not all(has_port(each, port["port"]) for each in ends):
                        yield f"NetworkPolicy {name}: nothing listens on {port['port']}"
    for policy in all_.of("CiliumNetworkPolicy"):
        name, spec = policy["metadata"]["name"], policy["spec"]
        yield from (
            f"CiliumNetworkPolicy {name} {fault}" for fault in _selected(all_, spec["endpointSelector"])
        )


def _selected(all_: Rendered, selector: Object) -> Iterator[str]:
    """Every value that a selector lists is some workload's."""
    if FOREIGN & selector.get("matchLabels", {}).keys() or not selector:
        return
    if not all_.selected(selector):
        yield f"selects nothing: {selector}"
    for expression in selector.get("matchExpressions", []):
        for value in expression["values"]:
            if not any(each.labels.get(expression["key"]) == value for each in all_.workloads()):
                yield f"selects {value}, which is not there"


def _budgets(all_: Rendered) -> Iterator[str]:
    for budget in all_.of("PodDisruptionBudget"):
        if not all_.selected(budget["spec"]["selector"]):
            yield f"PodDisruptionBudget {budget['metadata']['name']} selects nothing"


def _targets(all_: Rendered) -> Iterator[str]:
    for field, kind in (
        ("scaleTargetRef", "HorizontalPodAutoscaler"),
        ("targetRef", "VerticalPodAutoscaler"),
    ):
        for scaler in all_.of(kind):
            target = scaler["spec"][field]
            if all_.get(target["kind"], target["name"]) is None:
                yield f"{kind} {scaler['metadata']['name']}: no {target['kind']} {target['name']}"


def _own_pods(all_: Rendered) -> Iterator[str]:
    for each in all_.workloads("Deployment", "StatefulSet"):
        if not matches(each.spec["selector"], each.labels):
            yield f"{each.kind} {each.name} does not select its own pods"
        for spread in each.pod.get("topologySpreadConstraints", []):
            if not matches(spread["labelSelector"], each.labels):
                yield f"{each.kind} {each.name} is spread by labels that it does not have"
        if each.kind == "StatefulSet" and all_.get("Service", each.spec["serviceName"]) is None:
            yield f"StatefulSet {each.name}: no Service {each.spec['serviceName']}"


def _routes(all_: Rendered) -> Iterator[str]:
    for route in all_.of("HTTPRoute"):
        name = route["metadata"]["name"]
        for parent in route["spec"]["parentRefs"]:
            gateway: Any = all_.get("Gateway", parent["name"]) or {"spec": {"listeners": []}}
            sections = {each["name"] for each in gateway["spec"]["listeners"]}
            if not sections or parent.get("sectionName", next(iter(sections))) not in sections:
                yield f"HTTPRoute {name}: no such listener: {parent}"
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                service = all_.get("Service", backend["name"]) or {"spec": {"ports": []}}
                if all(port["port"] != backend["port"] for port in service["spec"]["ports"]):
                    yield f"HTTPRoute {name}: no Service {backend['name']} with port {backend['port']}"
