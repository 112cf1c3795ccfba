"""What an action returns, and what a repeated creation is answered."""

from typing import NamedTuple
from uuid import UUID

from common.errors import Gone, IdConflict
from todo.store.lists import Creation


class Outcome(NamedTuple):
    """A resource after the action, encoded, and whether the action brought it into being."""

    data: bytes
    version: int
    created: bool = False


def repeated(earlier: Creation, creator_id: UUID, digest: bytes) -> Outcome:
    """The answer to a creation whose id is taken: the resource as it is now, if the same request made it.

    Raises Gone when it was deleted since, IdConflict when the id belongs to something else.
    """
    if (earlier.creator_id, earlier.digest) != (creator_id, digest):
        raise IdConflict
    if earlier.deleted:
        raise Gone
    return Outcome(earlier.data, earlier.version)
