"""A rendered composition, and what the rules ask of it."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tools.manifests import composition

Object = dict[str, Any]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C, where the package has it
PODS = {"Deployment", "StatefulSet", "Job", "CronJob", "Pod"}


@dataclass(frozen=True)
class Workload:
    """What makes pods, and the pod that it makes."""

    kind: str
    name: str
    spec: Object
    pod: Object
    labels: Mapping[str, str]

    @property
    def label(self) -> str:
        """What policies call it; the name of a Job has a tag."""
        return self.labels["app.kubernetes.io/name"]

    @property
    def containers(self) -> list[Object]:
        """All of them, those that run first as well."""
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]


class Rendered:
    """The objects of one composition."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects

    def of(self, *kinds: str) -> Iterator[Object]:
        """The objects of these kinds."""
        return (each for each in self.objects if each["kind"] in kinds)

    def get(self, kind: str, name: str) -> Object | None:
        """One object, if it is there."""
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def workloads(self, *kinds: str) -> Iterator[Workload]:
        """What makes pods; of these kinds only, if any are given."""
        for each in self.of(*(kinds or PODS)):
            spec = each["spec"]
            if each["kind"] == "Pod":
                yield Workload("Pod", each["metadata"]["name"], {}, spec, each["metadata"]["labels"])
                continue
            template = (spec["jobTemplate"]["spec"] if each["kind"] == "CronJob" else spec)["template"]
            labels = template["metadata"].get("labels", {})
            yield Workload(each["kind"], each["metadata"]["name"], spec, template["spec"], labels)

    def workload(self, name: str) -> Workload:
        """The one of this name."""
        return next(each for each in self.workloads() if each.name == name)

    def selected(self, selector: Mapping[str, Any] | None) -> list[Workload]:
        """The workloads whose pods a label selector means."""
        return [each for each in self.workloads() if matches(selector or {}, each.labels)]

    def copy(self) -> "Rendered":
        """One that may be broken."""
        return Rendered(deepcopy(self.objects))

    def environment(self, container: Object) -> dict[str, str]:
        """What the container's variables will be; what a Secret holds is written `<secret.key>`."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            held = self.get("ConfigMap", source["configMapRef"]["name"]) or {}
            found |= held.get("data", {})
        for entry in container.get("env", []):
            found[entry["name"]] = self._value(entry, found)
        return found

    def _value(self, entry: Object, known: Mapping[str, str]) -> str:
        if "value" in entry:
            value = str(entry["value"])
            for name, held in known.items():
                value = value.replace(f"$({name})", held)
            return value
        source = entry["valueFrom"]
        if "configMapKeyRef" in source:
            reference = source["configMapKeyRef"]
            found = self.get("ConfigMap", reference["name"]) or {"data": {}}
            return str(found["data"].get(reference["key"], ""))
        if "secretKeyRef" in source:
            return f"<{source['secretKeyRef']['name']}.{source['secretKeyRef']['key']}>"
        return {"metadata.namespace": "todolist"}.get(source["fieldRef"]["fieldPath"], "")


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector means something with these labels. `{}` means everything."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", "the only operator in use"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def has_port(workload: Workload, port: str | int) -> bool:
    """Whether one of the pod's containers declares the port, by name or by number."""
    declared = [each for container in workload.containers for each in container.get("ports", [])]
    return any(port in (each.get("name"), each["containerPort"]) for each in declared)


@cache
def rendered(name: str) -> Rendered:
    """A composition by its name; rendered once a run."""
    return Rendered([each for each in yaml.load_all(composition(name), LOADER) if each])
