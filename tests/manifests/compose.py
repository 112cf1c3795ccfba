"""docker-compose.yml, as far as it is compared with Kubernetes."""

import re
from functools import cache
from typing import Any

import yaml

from tools.manifests import ROOT

UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


@cache
def services() -> dict[str, dict[str, Any]]:
    """The services of the compose file, by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def limit(service: str) -> int:
    """A service's memory limit in bytes."""
    said = re.fullmatch(r"(\d+)([kmg])b?", str(services()[service]["mem_limit"]).lower())
    assert said, f"{service}: what is {services()[service]['mem_limit']}?"
    return int(said[1]) * UNITS[said[2]]


def image(service: str) -> str:
    """A service's image, without its tag."""
    return str(services()[service]["image"]).partition(":")[0]
