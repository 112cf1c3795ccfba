"""What kustomize passes over in silence: patches, images and components that mean nothing that is there."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.manifests.rendered import LOADER, Rendered, rendered
from tests.manifests.rules.images import images
from tools.console import FailedError
from tools.manifests import IMAGES, K8S, ROOT, composition, compositions, pin, render, tree


def _kustomizations() -> list[tuple[str, dict[str, Any]]]:
    files = sorted(K8S.rglob("kustomization.yaml"))
    return [(str(file.parent.relative_to(K8S)), yaml.safe_load(file.read_text())) for file in files]


KUSTOMIZATIONS = _kustomizations()
# A patch without a target has to find its object, or rendering fails.
ENTRIES = [
    (folder, field, index)
    for folder, held in KUSTOMIZATIONS
    for field in ("patches", "images")
    for index, entry in enumerate(held.get(field, []))
    if field == "images" or "target" in entry
]


@cache
def as_it_is(shown: str) -> str:
    """A composition with all its entries."""
    return composition(shown)


def _shown_by(folder: str) -> str:
    """A composition in which a folder's kustomization takes part."""
    if folder == "components/external-mysql":  # its entries with a target are for backups
        return "tests/backup-external"
    if folder == "components/loaded-images":
        return "default"
    if folder.startswith("components/"):
        return "tests/everything"
    return "default" if folder == "base" else folder


@pytest.mark.parametrize(("folder", "field", "index"), ENTRIES)
def test_every_entry_changes_something(folder: str, field: str, index: int) -> None:
    """A patch whose target is misspelled, or an image of another name, is ignored without a word."""
    shown = _shown_by(folder)
    before = as_it_is(shown)  # whole: what does not render anyway would fail below, too, and pass
    with tree() as k8s:
        file = k8s / folder / "kustomization.yaml"
        if shown == "overlays/production":
            pin(k8s / shown)
        held = yaml.safe_load(file.read_text())
        del held[field][index]
        file.write_text(yaml.safe_dump(held))
        try:
            after = render(k8s if shown == "default" else k8s / shown)
        except FailedError:
            return  # others rely on it, so it does something
    assert after != before


def test_no_deprecated_field() -> None:
    deprecated = {"bases", "commonLabels", "patchesStrategicMerge", "patchesJson6902", "vars", "imageTags"}
    assert [folder for folder, held in KUSTOMIZATIONS if deprecated & held.keys()] == []


def test_every_component_takes_part_in_a_composition() -> None:
    """One that nobody renders has rotted before somebody needs it."""
    used = {
        (K8S / folder / component).resolve()
        for folder, held in KUSTOMIZATIONS
        for component in held.get("components", [])
    }
    there = {path.parent for path in K8S.glob("components/*/kustomization.yaml")}
    assert there == used


def test_every_file_is_part_of_something() -> None:
    """Manifests that no kustomization names are never applied."""
    named: set[Path] = {K8S / "overlays/local/kind.yaml"}  # for kind itself
    for folder, held in KUSTOMIZATIONS:
        named.add(K8S / folder / "kustomization.yaml")
        listed = [x for field in ("resources", "transformers") for x in held.get(field, [])]
        listed += [patch["path"] for patch in held.get("patches", []) if "path" in patch]
        for generator in held.get("configMapGenerator", []):
            listed += [*generator.get("files", []), *generator.get("envs", [])]
        named |= {K8S / folder / each for each in listed}
    there = {file for file in K8S.rglob("*") if file.suffix in {".yaml", ".env", ".cnf", ".yml", ".json"}}
    assert there - named == set()


def test_the_default_needs_nothing_outside_k8s_and_no_extra_kinds() -> None:
    """From a Git URL only k8s/ counts; and a cluster without a kind's definition refuses all of an apply."""
    for folder, held in KUSTOMIZATIONS:
        for path in (*held.get("resources", []), *held.get("components", [])):
            assert (K8S / folder / path).resolve().is_relative_to(K8S), folder
        assert "secretGenerator" not in held, folder
    groups = {each["apiVersion"].rpartition("/")[0] for each in rendered("default").objects}
    assert not {group for group in groups if "." in group and not group.endswith(".k8s.io")}
    assert groups.isdisjoint({"gateway.networking.k8s.io", "autoscaling.k8s.io"})


def test_the_release_is_the_one_of_the_packages() -> None:
    released = re.findall(r'^version = "(.+)"', (ROOT / "services/common/pyproject.toml").read_text(), re.M)
    held = dict(KUSTOMIZATIONS)["base"]
    assert {entry["newTag"] for entry in held["images"]} == set(released)
    assert {entry["name"] for entry in held["images"]} == {f"todolist/{name}" for name in IMAGES}


def test_another_release_has_another_bootstrap_job() -> None:
    """Applied a second time with another image, a Job of the same name would be refused."""
    assert rendered("default").get("Job", "bootstrap-0.1.0") is not None
    lines = [f"  - {{name: todolist/{name}, newTag: 0.2.0-3-gabc}}" for name in IMAGES]
    with tree() as k8s:
        overlay = k8s / "overlays" / "another"
        overlay.mkdir()
        text = ["resources: [../../base]", "components: [../../components/backup]"]
        text += ["transformers: [../../release]", "images:", *lines]
        (overlay / "kustomization.yaml").write_text("\n".join(text))
        text_of_another = render(overlay)
    another = Rendered(list(yaml.load_all(text_of_another, LOADER)))
    assert [job["metadata"]["name"] for job in another.of("Job")] == ["bootstrap-0.2.0-3-gabc"]
    assert list(images(another)) == []
    written = another.environment(another.workload("backup").containers[0])["RELEASE"]
    assert written == "0.2.0-3-gabc", "a backup is called after the release that wrote it"


@pytest.mark.parametrize("name", ["default", "overlays/local"])
def test_a_name_without_a_registry_is_asked_for_in_none(name: str) -> None:
    """In a public one it may be a stranger's, and these pods are given secrets."""
    ours = [
        each
        for workload in rendered(name).workloads()
        for each in workload.containers
        if each["image"].startswith("todolist/")
    ]
    assert {each["image"].partition(":")[0] for each in ours} == {f"todolist/{image}" for image in IMAGES}
    assert [each["name"] for each in ours if each.get("imagePullPolicy") != "Never"] == []


def test_production_wants_digests() -> None:
    with tree() as k8s:
        overlay = k8s / "overlays/production"
        with pytest.raises(FailedError, match=r"out of bounds for value todolist/common:0\.1\.0"):
            render(overlay)
        pin(overlay)
        text = render(overlay)
    found = re.findall(r"image: (\S*todolist/\S+)", text)
    assert len(found) > len(IMAGES)
    assert all(re.fullmatch(r"\S+:0\.1\.0@sha256:[0-9a-f]{64}", image) for image in found)


@pytest.mark.parametrize("name", IMAGES)
def test_production_wants_every_digest(name: str) -> None:
    with tree() as k8s:
        overlay = k8s / "overlays/production"
        pin(overlay)
        file = overlay / "kustomization.yaml"
        held = yaml.safe_load(file.read_text())
        for image in held["images"]:
            if image["name"] == f"todolist/{name}":
                del image["digest"]
        file.write_text(yaml.safe_dump(held))
        with pytest.raises(FailedError, match=f"todolist/{name}:0"):
            render(overlay)


def test_there_are_compositions() -> None:
    assert {"default", "overlays/local", "overlays/production"} < set(compositions())
