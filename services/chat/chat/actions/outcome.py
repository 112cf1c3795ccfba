"""What an action returns."""

from typing import NamedTuple


class Outcome(NamedTuple):
    """A resource after the action, encoded, and whether the action brought it into being."""

    data: bytes
    version: int
    created: bool = False
