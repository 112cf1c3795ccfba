"""What the manifests are compared with: the services' own code."""

import re
from functools import cache
from importlib import import_module
from typing import Any, cast

from fastapi import FastAPI

from common.service import Service
from common.settings import PREFIX, ServiceSettings
from tools.gen import SETTINGS
from tools.manifests import ROOT

SERVICES = ("auth", "todo", "chat")


def settings_class(service: str) -> type[ServiceSettings]:
    """What a service reads from its environment."""
    return cast(type[ServiceSettings], import_module(f"{service}.settings").Settings)


@cache
def described(service: str) -> Service:
    """The service's parts, with any settings that pass its checks."""
    values: dict[str, Any] = {key.removeprefix(PREFIX).lower(): value for key, value in SETTINGS.items()}
    made = import_module(f"{service}.app").service(settings_class(service)(**values))
    assert isinstance(made, Service)
    return made


def application(service: str, *, worker: bool) -> FastAPI:
    """What answers in a server, or in a worker."""
    module = import_module("common.app")
    made = (module.create_worker if worker else module.create_app)(described(service))
    assert isinstance(made, FastAPI)
    return made


def calls(service: str, *, worker: bool) -> set[str]:
    """Which services it asks: auth for keys and sessions, unless it is auth; a worker those it follows."""
    own_keys = described(service).local_keys is not None
    followed = {feed.source for feed in described(service).follows(cast(Any, None))} if worker else set()
    return followed | (set() if own_keys else {"auth"})


@cache
def variables_in(*paths: str) -> set[str]:
    """Every TODOLIST_ name that these files mention."""
    found: set[str] = set()
    for path in paths:
        for file in (ROOT / path).rglob("*") if (ROOT / path).is_dir() else [ROOT / path]:
            if file.is_file() and file.suffix != ".pyc":
                text = file.read_text()
                found |= set(re.findall(r"TODOLIST_[A-Z_]+", text))
                found |= {PREFIX + name for name in re.findall(r"\{PREFIX\}([A-Z_]+)", text)}
    return found
