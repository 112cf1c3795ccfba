"""A system that runs already, as the fixtures see it: one address, behind which everything answers.

With `--system=http://host:port` the tests that are marked `system` run against it, and nothing is started.
"""

import inspect

import pytest


class System:
    """Stands for `stack` in tests that need nothing of it but where it answers."""

    def __init__(self, address: str) -> None:
        self._address = address

    def url(self, _service: str) -> str:
        """The one address, whichever service is asked for."""
        return self._address


class SystemSite:
    """Stands for `site`."""

    def __init__(self, address: str) -> None:
        self.url = address


def add_option(parser: pytest.Parser) -> None:
    """`--system`."""
    parser.addoption(
        "--system", metavar="URL", help="run the tests marked `system` against what runs at this address"
    )


def system_of(config: pytest.Config) -> str | None:
    """The address given, without a slash at its end."""
    address = config.getoption("system")
    return str(address).rstrip("/") if address else None


def keep_marked(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs more than an address."""
    others = [item for item in items if not _needs_only_an_address(item)]
    if system_of(config) and others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in set(others)]


def _needs_only_an_address(item: pytest.Item) -> bool:
    """Who asks for the stack itself wants to see or disturb its parts, whatever else is in the file."""
    asked = inspect.signature(item.function).parameters if isinstance(item, pytest.Function) else {}
    return item.get_closest_marker("system") is not None and "stack" not in asked
