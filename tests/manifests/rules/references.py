"""Whatever is referred to by name is there, down to its key."""

import re
from collections.abc import Iterator

from common.bootstrap.kubernetes import SECRETS
from tests.manifests.rendered import Object, Rendered, Workload

CLUSTERS_OWN = {"kube-root-ca.crt"}  # in every namespace, by itself


def references(all_: Rendered) -> Iterator[str]:
    """ConfigMaps, Secrets (the bootstrap makes them), volumes, claims, accounts, variables."""
    for each in all_.workloads():
        for fault in (*_volumes(all_, each), *_account(all_, each)):
            yield f"{each.kind} {each.name}: {fault}"
        for container in each.containers:
            for fault in (*_variables(all_, container), *_mounts(each, container)):
                yield f"{each.kind} {each.name}, {container['name']}: {fault}"


def _variables(all_: Rendered, container: Object) -> Iterator[str]:
    known: set[str] = set()
    for source in container.get("envFrom", []):
        if all_.get("ConfigMap", source["configMapRef"]["name"]) is None:
            yield f"no ConfigMap {source['configMapRef']['name']}"
    for entry in container.get("env", []):
        # Kubernetes leaves $(NAME) as it is unless NAME stands before it in the same list.
        for name in re.findall(r"\$\((\w+)\)", str(entry.get("value", ""))):
            if name not in known:
                yield f"{entry['name']} needs {name} before it"
        known.add(entry["name"])
        source = entry.get("valueFrom", {})
        if "configMapKeyRef" in source:
            yield from _key(all_, **source["configMapKeyRef"])
        if "secretKeyRef" in source:
            yield from _secret(**source["secretKeyRef"])


def _key(all_: Rendered, name: str, key: str) -> Iterator[str]:
    held = all_.get("ConfigMap", name)
    if held is None:
        if name not in CLUSTERS_OWN:
            yield f"no ConfigMap {name}"
    elif key not in held["data"]:
        yield f"ConfigMap {name} has no {key}"


def _secret(name: str, key: str) -> Iterator[str]:
    if key not in SECRETS.get(name, {}):
        yield f"the bootstrap makes no Secret {name} with {key}"


def _volumes(all_: Rendered, each: Workload) -> Iterator[str]:
    for volume in each.pod.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", [volume]):
            if "configMap" in source:
                held = source["configMap"]
                if not held.get("items"):
                    yield from (
                        () if all_.get("ConfigMap", held["name"]) else (f"no ConfigMap {held['name']}",)
                    )
                for item in held.get("items", []):
                    yield from _key(all_, held["name"], item["key"])
            if "secret" in source:
                for item in source["secret"]["items"]:
                    yield from _secret(source["secret"]["secretName"], item["key"])
            if "persistentVolumeClaim" in source:
                claim = source["persistentVolumeClaim"]["claimName"]
                if all_.get("PersistentVolumeClaim", claim) is None:
                    yield f"no PersistentVolumeClaim {claim}"


def _mounts(each: Workload, container: Object) -> Iterator[str]:
    declared = {volume["name"] for volume in each.pod.get("volumes", [])}
    declared |= {claim["metadata"]["name"] for claim in each.spec.get("volumeClaimTemplates", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in declared:
            yield f"no volume {mount['name']}"


def _account(all_: Rendered, each: Workload) -> Iterator[str]:
    name = each.pod.get("serviceAccountName")
    if name is not None and all_.get("ServiceAccount", name) is None:
        yield f"no ServiceAccount {name}"
