"""Fixtures of the todo service's tests."""

import pytest

from tests.support import PersonFactory
from tests.todo.things import Team


@pytest.fixture
async def team(person: PersonFactory) -> Team:
    """A list with an owner, an editor, a viewer, and a stranger to it."""
    return await Team.of(person)
