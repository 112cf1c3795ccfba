"""Compose projects: one that all tests here share, and more for those that need a system of their own.

The images must be there: `make test-compose` builds them and says by TODOLIST_TEST_TAG what they are called.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.compose.project import Project
from tests.support import Person, PersonFactory
from tests.support.person import new_email

KEEP = bool(os.environ.get("KEEP"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a project also waits for it to start."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def new_project() -> Iterator[Callable[..., Project]]:
    """A factory of running systems: `new_project("upgrade", replicas=2)`."""
    made: list[Project] = []

    def make(purpose: str, **options: int) -> Project:
        tag = os.environ.get("TODOLIST_TEST_TAG", "dev")
        made.append(Project(f"todolist-{purpose}-{os.getpid()}", tag=tag, **options))
        made[-1].up()
        return made[-1]

    yield make
    for project in made:
        if not KEEP:
            project.down()


@pytest.fixture(scope="session")
def project(new_project: Callable[..., Project]) -> Project:
    """A running system that tests may disturb and leave whole."""
    return new_project("shared")


@pytest.fixture
async def person(project: Project) -> AsyncIterator[PersonFactory]:
    """A factory of people, on the shared system or another."""
    made: list[Person] = []

    async def make(name: str = "Alice", *, stack: Project | None = None) -> Person:
        made.append(Person((stack or project).url, name, new_email(name)))
        await made[-1].register()
        return made[-1]

    yield make
    for someone in made:
        await someone.client.aclose()
