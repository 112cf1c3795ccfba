"""A service is a service everywhere: in its folder, in compose and on Kubernetes."""

import pytest

from tests.manifests.compose import image, services
from tests.manifests.rendered import rendered
from tests.manifests.rules.images import tag_of
from tools.manifests import ROOT

FOLDERS = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
SERVICES = [name for name in FOLDERS if name != "common"]
KINDS = ("Deployment", "Service", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget")


@pytest.mark.parametrize("name", FOLDERS)
def test_it_is_built(name: str) -> None:
    folder = ROOT / "services" / name
    assert (folder / "Dockerfile").is_file()
    assert (folder / "Dockerfile.dockerignore").is_file()
    assert f"todolist/{name}" in {image(each) for each in services()}


@pytest.mark.parametrize("name", [*SERVICES, "frontend"])
def test_it_is_run(name: str) -> None:
    assert image(name) == f"todolist/{name}"
    for kind in KINDS:
        wanted = "frontend-service" if (kind, name) == ("Service", "frontend") else name
        assert rendered("default").get(kind, wanted) is not None, f"no {kind} {wanted}"


@pytest.mark.parametrize("name", SERVICES)
def test_its_background_work_is_done(name: str) -> None:
    """Servers leave it to the workers (TODOLIST_BACKGROUND), so there has to be one."""
    all_ = rendered("default")
    server, worker = all_.workload(name), all_.workload(f"{name}-worker")
    assert all_.environment(server.pod["containers"][0])["TODOLIST_BACKGROUND"] == "false"
    assert worker.pod["containers"][0]["command"] == ["python", "-m", name, "work"]
    assert f"{name}-worker" in services()


@pytest.mark.parametrize("name", SERVICES)
def test_its_schema_comes_first(name: str) -> None:
    for workload in (name, f"{name}-worker"):
        first = rendered("default").workload(workload).pod["initContainers"]
        assert [each["command"] for each in first] == [["python", "-m", "common.migrate", name]]
        assert first[0]["image"] == rendered("default").workload(workload).pod["containers"][0]["image"]


def test_what_all_share_runs_as_the_bootstrap() -> None:
    job = next(rendered("default").workloads("Job"))
    container = job.pod["containers"][0]
    assert container["command"] == ["python", "-m", "common.bootstrap", "--kubernetes"]
    assert container["image"] == f"todolist/common:{tag_of(container['image'])}"
    assert image("bootstrap") == "todolist/common"
