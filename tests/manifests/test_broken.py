"""Each rule once broken, in a copy of what is rendered: it has to say so."""

import pytest

from tests.manifests import rules
from tests.manifests.breaking import Break, add, both, drop, gone, put, setting, variable, without_variable
from tests.manifests.rendered import rendered

EVERYTHING = "tests/everything"
PSS = "pod-security.kubernetes.io"
NAMES = ("podSelector", "matchExpressions", 0, "values")
CALLERS = ("spec", "ingress", 0, "from", 0, *NAMES)
BACKEND = ("spec", "rules", 0, "backendRefs", 0)
TOKEN = {"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
WRONG_KEY = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "chat", "key": "password"}}}
SOCKET = ["mysqladmin", "ping", "-h", "localhost"]

BROKEN: dict[rules.Rule, list[tuple[str, Break]]] = {
    rules.selectors: [
        ("Service chat selects nothing", put("Service chat", "spec", "selector", {"app": "chat"})),
        ("have no port https", put("Service chat", "spec", "ports", 0, "targetPort", "https")),
        ("selects chatt, which is not there", add("NetworkPolicy to-auth", "spec", *NAMES, "chatt")),
        ("listens on 1", put("NetworkPolicy auth", "spec", "ingress", 0, "ports", 0, "port", 1)),
        (
            "CiliumNetworkPolicy bootstrap selects nothing",
            put("CiliumNetworkPolicy bootstrap", "spec", "endpointSelector", "matchLabels", {"a": "b"}),
        ),
        (
            "Budget chat selects nothing",
            put("PodDisruptionBudget chat", "spec", "selector", "matchLabels", {"a": "b"}),
        ),
        ("no Deployment x", put("HorizontalPodAutoscaler chat", "spec", "scaleTargetRef", "name", "x")),
        ("no StatefulSet x", put("VerticalPodAutoscaler mysql", "spec", "targetRef", "name", "x")),
        ("no such listener", put("HTTPRoute todolist", "spec", "parentRefs", 0, "sectionName", "x")),
        ("no Service frontend-service with port 81", put("HTTPRoute todolist", *BACKEND, "port", 81)),
    ],
    rules.references: [
        ("no ConfigMap todolist", put("app chat", "envFrom", 0, "configMapRef", "name", "todolist")),
        ("makes no Secret chat with password", add("app chat", "env", WRONG_KEY)),
        ("X needs NOBODY before it", variable("X", "$(NOBODY)")),
        ("no volume x", add("app chat", "volumeMounts", {"name": "x", "mountPath": "/x"})),
        ("no ServiceAccount bootstrap", gone("ServiceAccount bootstrap")),
        ("no PersistentVolumeClaim backups", gone("PersistentVolumeClaim backups")),
    ],
    rules.secrets: [
        ("tells a secret in TODOLIST_SERVICE_KEY", variable("TODOLIST_SERVICE_KEY", "0123456789")),
        ("tells a secret in X", variable("X", "mysql://chat:chat@mysql:3306/chat")),
        ("tells a secret in MYSQL_ROOT_PASSWORD", setting("MYSQL_ROOT_PASSWORD", "root")),
        ("redis has REDIS_PASSWORD in its command line", add("app redis", "args", "$(REDIS_PASSWORD)")),
        ("Secret chat is in the manifests", put("Service chat", "kind", "Secret")),
        ("reads ['mysql-hash']", put("Role bootstrap", "rules", 0, "resourceNames", ["mysql-hash"])),
        ("may ['*']", put("Role bootstrap", "rules", 1, "verbs", ["*"])),
        ("policy is not in force", gone("ValidatingAdmissionPolicyBinding todolist-bootstrap")),
    ],
    rules.security: [
        ("{'drop': ['all']}", put("app chat", "securityContext", "capabilities", "drop", ["all"])),
        (
            "migrate: allowPriv",
            drop("pod chat", "initContainers", 0, "securityContext", "allowPrivilegeEscalation"),
        ),
        ("can be written to", put("app mysql", "securityContext", "readOnlyRootFilesystem", False)),
        ("seccomp is not RuntimeDefault", drop("pod redis", "securityContext", "seccompProfile")),
        ("runAsNonRoot is not set", drop("pod backup", "securityContext", "runAsNonRoot")),
        ("no user that is given by number", drop("pod collector", "securityContext", "runAsUser")),
        ("not as its image's user", put("pod frontend", "securityContext", "runAsUser", 10001)),
        ("enableServiceLinks is on", drop("pod grafana", "enableServiceLinks")),
        ("automountServiceAccountToken is on", drop("pod frontend", "automountServiceAccountToken")),
        ("a token is mounted", add("pod chat", "volumes", TOKEN)),
        ("of the kind hostPath", add("pod chat", "volumes", {"name": "h", "hostPath": {"path": "/"}})),
        ("tmp has no sizeLimit", put("pod chat", "volumes", [{"name": "tmp", "emptyDir": {}}])),
    ],
    rules.placement: [
        ("is in the namespace default", put("Service chat", "metadata", "namespace", "default")),
        ("is not part-of todolist", drop("Gateway todolist", "metadata", "labels")),
        ("does not enforce", put("Namespace todolist", "metadata", "labels", f"{PSS}/enforce", "baseline")),
        ("no version to warn", drop("Namespace todolist", "metadata", "labels", f"{PSS}/warn-version")),
    ],
    rules.probes: [
        ("no startupProbe", drop("app chat", "startupProbe")),
        ("livenessProbe is too strict", put("app chat", "livenessProbe", "timeoutSeconds", 1)),
        ("/x is not served", put("app chat-worker", "livenessProbe", "httpGet", "path", "/x")),
        ("/livez is not served", put("app frontend", "livenessProbe", "httpGet", "path", "/livez")),
        ("by the same address", put("app chat", "readinessProbe", "httpGet", "path", "/livez")),
        ("on more than itself", put("app chat", "livenessProbe", "httpGet", "path", "/readyz")),
        ("does not ask over TCP", put("app mysql", "readinessProbe", "exec", "command", SOCKET)),
    ],
    rules.endings: [
        ("chat needs 25.0 s", put("pod chat", "terminationGracePeriodSeconds", 25)),
        ("does not get them", setting("TODOLIST_DRAIN_SECONDS", "60")),
        ("before everybody knows", drop("app frontend", "lifecycle")),
        ("before others", put("Deployment chat", "spec", "strategy", "rollingUpdate", "maxUnavailable", 1)),
    ],
    rules.scaling: [
        ("Deployment chat sets replicas", put("Deployment chat", "spec", "replicas", 2)),
        ("app requests no cpu", drop("app chat", "resources", "requests", "cpu")),
        ("app has no memory limit", drop("app chat", "resources", "limits", "memory")),
        ("app has a CPU limit", put("app chat", "resources", "limits", "cpu", "1")),
        ("Deployment todo has no budget", gone("PodDisruptionBudget todo")),
        ("no pace", drop("HorizontalPodAutoscaler chat", "spec", "behavior")),
        ("MySQL may get", put("HorizontalPodAutoscaler chat", "spec", "maxReplicas", 20)),
    ],
    rules.images: [
        ("todolist/chat is not one image", put("app chat", "image", "todolist/chat")),
        ("redis:latest is not one image", put("app redis", "image", "redis:latest")),
        ("different tags", put("app chat", "image", "todolist/chat:0.0.1")),
        ("is not called after its image", put("app bootstrap-0.1.0", "image", "todolist/common:0.0.1")),
    ],
    rules.settings: [
        ("nobody reads TODOLIST_POOLSIZE", variable("TODOLIST_POOLSIZE", "5")),
        ("nobody reads TODOLIST_X_UPSTREAM", variable("TODOLIST_X_UPSTREAM", "x", of="frontend")),
        ("TODOLIST_POOL_SIZE: Input should be", setting("TODOLIST_POOL_SIZE", "many")),
        ("TODOLIST_LOG, which no service has", setting("TODOLIST_LOG", "DEBUG")),
        ("TODOLIST_SERVICE_KEY: Field required", without_variable("TODOLIST_SERVICE_KEY")),
    ],
    rules.edges: [
        ("nothing is denied by default", gone("NetworkPolicy deny")),
        ("names cannot be resolved", gone("NetworkPolicy dns")),
        (
            "more than the API server",
            put("CiliumNetworkPolicy bootstrap", "spec", "egress", 0, "toEntities", ["all"]),
        ),
        ("where nodes have a cache", drop("NetworkPolicy dns", "spec", "egress", 0, "to", 1)),
        ("lets everybody in", put("NetworkPolicy gateway", "spec", "podSelector", {})),
        ("chat-worker cannot reach todo at 8000", gone("NetworkPolicy to-todo")),
        ("bootstrap cannot reach mysql at 3306", put("NetworkPolicy mysql", *CALLERS, ["auth"])),
        (
            "frontend may reach mysql at 3306, and never does",
            both(
                add("NetworkPolicy mysql", *CALLERS, "frontend"),
                add("NetworkPolicy to-mysql", "spec", *NAMES, "frontend"),
            ),
        ),
        ("lets out to everywhere", drop("NetworkPolicy to-auth", "spec", "egress", 0, "to")),
        ("lets everybody in", drop("NetworkPolicy mysql", "spec", "ingress", 0, "from")),
        ("prometheus cannot reach chat at 8000", gone("NetworkPolicy metrics")),
        (
            "chat cannot reach the outside at 9",
            setting("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a.example.com:9"),
        ),
    ],
}
CASES = [(rule, expected, break_it) for rule, cases in BROKEN.items() for expected, break_it in cases]


def test_it_is_whole_before() -> None:
    assert [fault for rule in rules.RULES for fault in rule(rendered(EVERYTHING))] == []


@pytest.mark.parametrize(("rule", "expected", "break_it"), CASES, ids=[case[1] for case in CASES])
def test_it_is_noticed(rule: rules.Rule, expected: str, break_it: Break) -> None:
    broken = rendered(EVERYTHING).copy()
    break_it(broken)
    assert any(expected in fault for fault in rule(broken)), list(rule(broken))


def test_every_rule_is_broken_once() -> None:
    assert BROKEN.keys() == set(rules.RULES)
