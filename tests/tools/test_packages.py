"""What a person is told when something of the operating system is missing and we may not install it."""

import shutil

import pytest

from tools import packages
from tools.console import FailedError
from tools.stack import mysql, redis


def _nothing(*_: object, **__: object) -> None:
    return None


def test_the_exact_commands_are_printed_where_we_may_not_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", _nothing)
    monkeypatch.setattr(mysql, "find_server", _nothing)
    monkeypatch.setattr(redis, "find_server", _nothing)
    with pytest.raises(FailedError) as caught:
        packages.servers()
    assert "mariadb-server-core and redis-server" in caught.value.what
    for line in (
        "sudo apt-get install mariadb-server-core mariadb-client-core redis-server",
        "sudo dnf install mariadb-server redis",
        "brew install mariadb redis",
    ):
        assert line in caught.value.advice


def test_only_the_command_of_this_machine_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **_: "/usr/bin/dnf" if name == "dnf" else None)
    assert packages.command("chromium").split() == ["sudo", "dnf", "install", "chromium"]


def test_what_is_there_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "install", lambda *names: pytest.fail(f"installs {names}"))
    packages.servers()
