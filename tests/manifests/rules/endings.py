"""A pod that ends has the time that its ending takes; a new one is ready before an old one goes."""

import re
from collections.abc import Iterator

from common.serve import REQUEST_SECONDS
from tests.manifests.rendered import Rendered, Workload
from tools.manifests import ROOT


def endings(all_: Rendered) -> Iterator[str]:
    """preStop, drain and requests under way, against terminationGracePeriodSeconds."""
    for each in all_.workloads("Deployment"):
        strategy = each.spec.get("strategy", {}).get("rollingUpdate", {})
        if all_.get("HorizontalPodAutoscaler", each.name) is None:
            continue
        if strategy.get("maxUnavailable") != 0 or not strategy.get("maxSurge"):
            yield f"Deployment {each.name} takes pods away before others are ready"
        container = each.pod["containers"][0]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if pause < 5:
            yield f"Deployment {each.name} ends before everybody knows"
        needed = pause + _ending(all_, each)
        if needed >= each.pod.get("terminationGracePeriodSeconds", 30):
            yield f"Deployment {each.name} needs {needed} s to end and does not get them"


def _ending(all_: Rendered, each: Workload) -> float:
    if each.name == "frontend":
        found = re.search(r"worker_shutdown_timeout (\d+)s", (ROOT / "frontend/nginx/nginx.conf").read_text())
        assert found, "nginx keeps its sockets for ever"
        return float(found[1])
    return float(all_.environment(each.pod["containers"][0])["TODOLIST_DRAIN_SECONDS"]) + REQUEST_SECONDS
