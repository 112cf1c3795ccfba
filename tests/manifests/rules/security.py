"""Pod Security `restricted`, as the admission code checks it, and what we ask beyond it."""

from collections.abc import Iterator

from tests.manifests.rendered import Object, Rendered, Workload

VOLUMES = {"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim"}
USERS = {
    "common": 10001,
    "auth": 10001,
    "todo": 10001,
    "chat": 10001,
    "frontend": 101,
    "mysql": 999,
    "redis": 999,
}
TOKEN = "bootstrap"  # the one workload with rights on the API server


def security(all_: Rendered) -> Iterator[str]:
    """Every pod of every composition."""
    for each in all_.workloads():
        yield from (f"{each.kind} {each.name}: {fault}" for fault in _pod(each))
        for container in each.containers:
            for fault in _container(each, container):
                yield f"{each.kind} {each.name}, {container['name']}: {fault}"
    for account in all_.of("ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account['metadata']['name']} mounts its token"


def _pod(each: Workload) -> Iterator[str]:
    context = each.pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not set"
    if not context.get("runAsUser"):
        yield "it runs as no user that is given by number"
    # The user that the image was made for: another one could not read what is there.
    program = each.pod["containers"][0]["image"].rpartition("/")[2].partition(":")[0]
    if context.get("runAsUser") != USERS.get(program, context.get("runAsUser")):
        yield f"it runs as {context.get('runAsUser')}, not as its image's user"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccomp is not RuntimeDefault"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if each.pod.get(name):
            yield f"{name} is on"
    if each.pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is on"
    if each.pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is on"
    for volume in each.pod.get("volumes", []):
        yield from _volume(each, volume)


def _volume(each: Workload, volume: Object) -> Iterator[str]:
    kind = next(key for key in volume if key != "name")
    if kind not in VOLUMES:
        yield f"a volume of the kind {kind}"
    if kind == "emptyDir" and "sizeLimit" not in volume["emptyDir"]:
        yield f"the volume {volume['name']} has no sizeLimit"
    sources = volume.get("projected", {}).get("sources", [])
    if each.labels["app.kubernetes.io/name"] != TOKEN and any("serviceAccountToken" in x for x in sources):
        yield "a token is mounted"


def _container(each: Workload, container: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not off"
    # The admission code compares with exactly this; "all" is refused by it, and passed by other checkers.
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"capabilities are {context.get('capabilities')}"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "its root file system can be written to"
    if context.get("privileged"):
        yield "it is privileged"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield "it runs as root"
    if each.pod["securityContext"].get("runAsUser") == 0:
        yield "its pod runs as root"
