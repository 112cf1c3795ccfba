"""docker-compose.yml, as far as it is compared with Kubernetes, and what is laid over it."""

import re
from functools import cache
from typing import Any

import yaml

from tools.manifests import ROOT

WATCH = "compose.watch.yml"
COMBINATIONS = {"alone": (), "with compose.watch.yml": (WATCH,)}

UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


@cache
def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file, by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


class _Loader(yaml.SafeLoader):
    """Knows the tags by which compose replaces what was there before, and takes it away."""


def _sequence(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> list[Any]:
    return loader.construct_sequence(node, deep=True)


_Loader.add_constructor("!override", _sequence)
_Loader.add_constructor("!reset", lambda *_: None)


@cache
def combined(*overlays: str) -> dict[str, dict[str, Any]]:
    """The services with these files over them, as far as the values of a service's own keys go."""
    found = {name: dict(service) for name, service in services().items()}
    for overlay in overlays:
        text = (ROOT / overlay).read_text()
        for name, over in yaml.load(text, _Loader)["services"].items():  # noqa: S506 - derived from the safe one
            found.setdefault(name, {}).update(over)
    return {
        name: {key: value for key, value in service.items() if value is not None}
        for name, service in found.items()
    }


def limit(service: str) -> int:
    """A service's memory limit in bytes."""
    said = re.fullmatch(r"(\d+)([kmg])b?", str(services()[service]["mem_limit"]).lower())
    assert said, f"{service}: what is {services()[service]['mem_limit']}?"
    return int(said[1]) * UNITS[said[2]]


def image(service: str) -> str:
    """A service's image, without its tag."""
    return str(services()[service]["image"]).partition(":")[0]
