"""The main job, in two browsers: share a list, tick things off, talk about it, be away and come back."""

import time

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Newcomer

pytestmark = [pytest.mark.e2e, pytest.mark.system]


async def test_two_people_share_a_list_and_talk_about_it(newcomer: Newcomer) -> None:
    """As a stranger would try it first; nobody reloads a page from beginning to end."""
    ann, ben = await newcomer("Ann"), await newcomer("Ben")
    for person in (ann, ben):
        await person.page.evaluate("window.sameDocument = true")

    await ann.make_list("Picnic")
    await ann.share_with(ben.email)
    await ben.open_list("Picnic")  # it appeared by itself

    await ben.add_task("Buy bread")
    await expect(ann.tasks).to_have_text(["Buy bread"])
    await ann.tick("Buy bread")
    await expect(ben.page.get_by_test_id("toggle-done")).to_have_text("Done 1")
    await expect(ben.tasks).to_have_count(0)

    await ann.say("Thank you! 野餐見")
    await expect(ben.messages).to_have_text(["Thank you! 野餐見"])
    await ben.say("See you at noon")
    await expect(ann.messages).to_have_text(["Thank you! 野餐見", "See you at noon"])

    await ben.context.set_offline(True)
    await expect(ben.banner).to_contain_text("You are offline")
    said = [f"message {number}" for number in range(1, 6)]
    tasks = [f"task {number}" for number in range(1, 4)]
    for text in said:
        await ann.say(text)
    for title in tasks:
        await ann.add_task(title)
    await expect(ann.page.get_by_test_id("pending")).to_have_count(0)
    await expect(ben.messages).to_have_count(2)

    await ben.context.set_offline(False)
    await expect(ben.messages).to_have_text(["Thank you! 野餐見", "See you at noon", *said])
    await expect(ben.tasks).to_have_text(tasks)
    await expect(ben.banner).to_be_hidden()

    await ann.remove("Ben")
    removed = time.monotonic()
    await expect(ben.link("Picnic")).to_have_count(0)
    await expect(ben.page.get_by_test_id("list-title")).to_have_count(0)
    assert time.monotonic() - removed < 2, "promised within a second; the rest is for looking"
    await expect(ben.toast).to_contain_text("“Picnic” is no longer shared with you")

    for person in (ann, ben):
        assert await person.page.evaluate("window.sameDocument"), "the page was reloaded"
