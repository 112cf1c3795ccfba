"""What compose and Kubernetes run is the same: images, limits; and compose waits for what can answer."""

import re
from typing import Any

import pytest

from tests.manifests.compose import COMBINATIONS, WATCH, combined, image, limit, services
from tests.manifests.rendered import rendered
from tools.manifests import IMAGES

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
EVERYTHING = "tests/everything"
BOTH = sorted({each.label for each in rendered(EVERYTHING).workloads()} & services().keys())


def _container(name: str) -> Any:
    found = next(each for each in rendered(EVERYTHING).workloads() if each.label == name)
    return found.pod["containers"][0]


def _bytes(said: str) -> int:
    return int(said[:-2]) * UNITS[said[-2:]]


def test_the_whole_system_is_in_both() -> None:
    assert {each.label for each in rendered("default").workloads()} <= set(BOTH)


@pytest.mark.parametrize("name", BOTH)
def test_memory_limits_are_equal(name: str) -> None:
    assert limit(name) == _bytes(_container(name)["resources"]["limits"]["memory"])


@pytest.mark.parametrize("name", ["auth", "todo", "chat"])
def test_memory_limits_of_migrations_are_equal(name: str) -> None:
    first = rendered("default").workload(name).pod["initContainers"][0]
    assert limit(f"{name}-migrate") == _bytes(first["resources"]["limits"]["memory"])


@pytest.mark.parametrize("name", BOTH)
def test_images_are_equal(name: str) -> None:
    assert image(name) == _container(name)["image"].partition(":")[0]


def test_our_images_are_all_there() -> None:
    ours = {image(name) for name in services() if image(name).startswith("todolist/")}
    assert ours >= {f"todolist/{name}" for name in IMAGES}


@pytest.mark.parametrize("overlays", COMBINATIONS.values(), ids=COMBINATIONS)
def test_whatever_of_ours_is_used_is_built_by_the_same_files(overlays: tuple[str, ...]) -> None:
    """In a fresh clone no other image is there, and a registry may have a stranger's."""
    ours = {
        name: service
        for name, service in combined(*overlays).items()
        if service["image"].startswith("todolist/")
    }
    built = {service["image"] for service in ours.values() if "build" in service}
    for name, service in ours.items():
        assert service["image"] in built, f"nobody builds {service['image']} of {name}"
        assert service["pull_policy"] == "never", name


def test_a_worker_is_built_again_with_its_service() -> None:
    """`docker compose watch`: otherwise it would go on with the code of before."""
    for name in ("auth", "todo", "chat"):
        for part in ("image", "build", "develop"):
            assert services()[f"{name}-worker"][part] == services()[name][part], name


def test_what_migrates_is_what_is_watched() -> None:
    """Otherwise the schema would be that of an image that happens to be there."""
    watched = combined(WATCH)
    for name in ("auth", "todo", "chat"):
        assert watched[f"{name}-migrate"]["image"] == watched[name]["image"]
        assert watched[f"{name}-worker"]["scale"] == 0
        assert "build" not in watched[f"{name}-worker"], "it would give the image its own contents"


def test_versions_of_others_are_equal() -> None:
    for name in BOTH:
        there = _container(name)["image"]
        if not there.startswith("todolist/"):
            assert services()[name]["image"] == there


def test_whoever_is_waited_for_says_how_it_is() -> None:
    """`docker compose config` does not notice: an image could have a check of its own. Ours have."""
    for name, service in services().items():
        needed = service.get("depends_on", {})
        for other, how in needed.items() if isinstance(needed, dict) else ():
            if how["condition"] == "service_healthy":
                built = image(other).startswith("todolist/")
                assert built or "healthcheck" in services()[other], f"{name} waits for {other} in vain"


def test_mysql_is_asked_over_tcp() -> None:
    """The server that only prepares an empty volume answers on its socket."""
    said = str(services()["mysql"]["healthcheck"]["test"])
    assert "127.0.0.1" in said
    assert "localhost" not in said


def test_mysql_is_configured_by_the_same_file() -> None:
    """And by nothing else: how much memory it takes follows from what stands there."""
    mysql, name = services()["mysql"], "todolist.cnf"
    assert f"./k8s/base/mysql/{name}:/etc/mysql/conf.d/{name}:ro" in mysql["volumes"]
    assert "command" not in mysql
    there = rendered("default").workload("mysql")
    mounted = {each["name"]: each["mountPath"] for each in there.containers[0]["volumeMounts"]}
    assert mounted["configuration"] == "/etc/mysql/conf.d"


def test_nothing_is_published_beyond_this_machine() -> None:
    for name, service in services().items():
        for port in service.get("ports", []):
            assert re.match(r"127\.0\.0\.1:", str(port)), f"{name} publishes {port}"
