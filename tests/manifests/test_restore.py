"""The Job that restores is not part of any composition; beside the one with backups it fits."""

import pytest
import yaml

from tests.manifests.rendered import LOADER, Rendered, rendered
from tests.manifests.rules import Rule
from tests.manifests.rules.edges import edges
from tests.manifests.rules.placement import placement
from tests.manifests.rules.references import references
from tests.manifests.rules.secrets import secrets
from tests.manifests.rules.security import security
from tests.manifests.rules.selectors import selectors
from tools.manifests import K8S, render


def restoring() -> Rendered:
    """The system with its backups, the Job, and the pod that brings files in and out."""
    texts = [render(K8S / folder) for folder in ("restore", "restore/shell")]
    objects = [each for text in texts for each in yaml.load_all(text, LOADER) if each]
    return Rendered([*rendered("tests/backup").objects, *objects])


@pytest.mark.parametrize("rule", [selectors, references, secrets, security, placement, edges])
def test_it_holds(rule: Rule) -> None:
    assert list(rule(restoring())) == []


def test_the_steps_and_their_order() -> None:
    """Load; for each service schema, epochs and, once, signing keys; open, last of all."""
    system = restoring()
    restore = system.workload("restore")
    commands = {each["name"]: " ".join(each["command"]) for each in restore.containers}
    assert list(commands) == ["load", "auth", "todo", "chat", "open"]
    for service in ("auth", "todo", "chat"):
        migrated, _, begun = commands[service].partition(" && ")
        assert migrated.endswith(f"python -m common.migrate {service}")
        assert begun.startswith("python -m common.log new-epoch")
        url = system.environment(next(each for each in restore.containers if each["name"] == service))
        assert url["TODOLIST_DATABASE_URL"] == url["TODOLIST_MIGRATION_URL"]
        assert url["TODOLIST_DATABASE_URL"].startswith(f"mysql://{service}_migrator:"), "its own is locked"
    assert commands["auth"].endswith("python -m auth rotate-keys --revoke")


def test_it_uses_what_the_backups_use() -> None:
    """The same server, scripts and volume; the images of the release."""
    system = restoring()
    backup, restore = system.workload("backup"), system.workload("restore")
    volumes = {volume["name"]: volume for volume in restore.pod["volumes"]}
    for volume in backup.pod["volumes"]:
        if volume["name"] in ("scripts", "backups"):
            assert volumes[volume["name"]] == volume
    assert backup.containers[0]["image"] == restore.containers[0]["image"]
    tags = {each["image"].rpartition(":")[2] for each in restore.containers if "todolist/" in each["image"]}
    assert tags == {system.environment(backup.containers[0])["RELEASE"]}
    assert tags == {system.workload("auth").containers[0]["image"].rpartition(":")[2]}


def test_its_images_are_not_looked_for_elsewhere() -> None:
    """Three steps of it are given secrets."""
    for each in restoring().workload("restore").containers:
        if "todolist/" in each["image"]:
            assert each["imagePullPolicy"] == "Never"


def test_files_go_in_and_out() -> None:
    """Into the volume that backups are written to, as the account that writes them, with no secret."""
    system = restoring()
    shell, backup = system.workload("backup-shell"), system.workload("backup")
    mounted = [each for each in backup.pod["volumes"] if each["name"] == "backups"]
    assert shell.pod["volumes"] == mounted
    assert shell.pod["securityContext"] == backup.pod["securityContext"]
    assert shell.containers[0]["image"] == backup.containers[0]["image"]
    assert "env" not in shell.containers[0]
