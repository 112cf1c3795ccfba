"""Everything is in the one namespace, which enforces `restricted`, and says what it belongs to."""

from collections.abc import Iterator

from tests.manifests.rendered import Rendered

NAMESPACE = "todolist"
WITHOUT = {"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
MODES = ("enforce", "audit", "warn")


def placement(all_: Rendered) -> Iterator[str]:
    """By object, and then the namespace itself."""
    for each in all_.objects:
        name = f"{each['kind']} {each['metadata']['name']}"
        if each["metadata"].get("namespace") != (None if each["kind"] in WITHOUT else NAMESPACE):
            yield f"{name} is in the namespace {each['metadata'].get('namespace')}"
        if each["metadata"].get("labels", {}).get("app.kubernetes.io/part-of") != "todolist":
            yield f"{name} is not part-of todolist"
    space = all_.get("Namespace", NAMESPACE)
    labels = space["metadata"]["labels"] if space else {}
    for mode in MODES:
        key = f"pod-security.kubernetes.io/{mode}"
        if labels.get(key) != "restricted":
            yield f"the namespace does not {mode} restricted"
        if not labels.get(f"{key}-version", "").startswith("v1."):
            yield f"the namespace pins no version to {mode}"
