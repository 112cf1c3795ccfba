"""People with browsers: `ann = await newcomer("Ann")` has registered and looks at an empty workspace."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.e2e.screen import Screen, new_screen
from tests.support.browser import NewContext

Newcomer = Callable[..., Awaitable[Screen]]


@pytest.fixture
def newcomer(new_context: NewContext) -> Newcomer:
    """A factory of people, each in a browser of their own."""

    async def make(name: str, **options: Any) -> Screen:
        screen = await new_screen(await new_context(**options), name)
        await screen.register()
        return screen

    return make


@pytest.fixture
async def two_on_a_list(newcomer: Newcomer) -> tuple[Screen, Screen]:
    """Ann, who made the list "Picnic", and Ben, with whom she shared it; both look at it."""
    ann, ben = await newcomer("Ann"), await newcomer("Ben")
    await ann.make_list("Picnic")
    await ann.share_with(ben.email)
    await ben.open_list("Picnic")
    return ann, ben
