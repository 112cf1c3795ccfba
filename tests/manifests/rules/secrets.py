"""No secret stands in a manifest, and the one account that may make some may make no others."""

import re
from collections.abc import Iterator

from common.bootstrap.kubernetes import SECRETS
from tests.manifests.rendered import Rendered

SENSITIVE = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|(^|_|-)KEY$", re.IGNORECASE)
NO_SECRETS = re.compile(r"_FILE$|_ISSUER$")  # where one is, and a name
IN_A_URL = re.compile(r"://[^\s/@:]*:(?!\$\()[^\s/@]+@")


def secrets(all_: Rendered) -> Iterator[str]:
    """Values come from Secrets, which are made in the cluster; the Role and the policy name the same ones."""
    yield from (f"Secret {each['metadata']['name']} is in the manifests" for each in all_.of("Secret"))
    for each in all_.of("ConfigMap"):
        for key, value in each.get("data", {}).items():
            if _told(key, value):
                yield f"ConfigMap {each['metadata']['name']} tells a secret in {key}"
    for workload in all_.workloads():
        for container in workload.containers:
            for entry in container.get("env", []):
                if _told(entry["name"], str(entry.get("value", ""))):
                    yield f"{workload.kind} {workload.name} tells a secret in {entry['name']}"
            line = " ".join([*container.get("command", []), *container.get("args", [])])
            for name in re.findall(r"\$\((\w+)\)", line):
                if SENSITIVE.search(name):
                    yield f"{workload.kind} {workload.name} has {name} in its command line"
    yield from _rights(all_)


def _told(name: str, value: str) -> bool:
    by_name = SENSITIVE.search(name) and not NO_SECRETS.search(name) and value
    return bool(by_name) or bool(IN_A_URL.search(value))


def _rights(all_: Rendered) -> Iterator[str]:
    names = set(SECRETS)
    for role in all_.of("Role", "ClusterRole"):
        for rule in role["rules"]:
            if rule["resources"] != ["secrets"] or not set(rule["verbs"]) <= {"get", "create"}:
                yield f"{role['kind']} {role['metadata']['name']} may {rule['verbs']} {rule['resources']}"
            if "get" in rule["verbs"] and set(rule.get("resourceNames", [])) != names:
                yield f"a Role reads {rule.get('resourceNames')}, not {sorted(names)}"
    for policy in all_.of("ValidatingAdmissionPolicy"):
        said = policy["spec"]["validations"][0]["expression"]
        if set(re.findall(r'"([a-z-]+)"', said)) != names:
            yield f"the admission policy allows other Secrets: {said}"
        if policy["spec"]["failurePolicy"] != "Fail":
            yield "the admission policy lets pass what it cannot judge"
        bound = all_.get("ValidatingAdmissionPolicyBinding", policy["metadata"]["name"])
        if bound is None or bound["spec"]["validationActions"] != ["Deny"]:
            yield "the admission policy is not in force"
