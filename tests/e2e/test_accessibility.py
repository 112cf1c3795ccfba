"""No screen breaks a rule of WCAG 2.2 AA that a program can check, in light and in dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.e2e.conftest import Newcomer

pytestmark = [pytest.mark.e2e, pytest.mark.system]

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


async def check(page: Page) -> None:
    """Fail with what is wrong on the page as it is now."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    wrong = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found["violations"]]
    assert not wrong, wrong


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_screens(newcomer: Newcomer, scheme: str) -> None:
    """Empty and filled, with a dialog open, the settings, and on a phone."""
    ann = await newcomer("Ann", color_scheme=scheme, reduced_motion="reduce")
    await check(ann.page)
    await ann.make_list("Picnic")
    await ann.add_task("Buy bread")
    await ann.say("hello")
    await check(ann.page)
    await ann.page.get_by_role("button", name="Buy bread", exact=True).click()
    await check(ann.page)
    await ann.page.keyboard.press("Escape")
    await ann.page.get_by_role("button", name="Share").click()
    await check(ann.page)
    await ann.page.goto("/account")
    await ann.page.get_by_text("This device").wait_for()
    await check(ann.page)
    await ann.page.set_viewport_size({"width": 375, "height": 667})
    await ann.page.goto("/")
    await ann.link("Picnic").wait_for()
    await check(ann.page)
    width = await ann.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375, "the page scrolls sideways"
