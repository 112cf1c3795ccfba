"""Staying signed in, being signed out, and the language of the page."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Newcomer
from tests.e2e.screen import new_screen
from tests.support.browser import NewContext
from tests.support.person import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.system]


async def test_a_reload_keeps_one_signed_in(newcomer: Newcomer) -> None:
    """Nothing a script could read is stored: the refresh cookie alone brings the session back."""
    ann = await newcomer("Ann")
    await ann.make_list("Picnic")
    await ann.page.reload()
    await expect(ann.page.get_by_test_id("list-title")).to_have_text("Picnic")
    await ann.ready()
    stored = await ann.page.evaluate(
        "JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie"
    )
    assert "eyJ" not in stored, "a token lies where scripts can read it"


async def test_many_tabs_share_a_session(newcomer: Newcomer) -> None:
    """All of them refresh at the same moment, and none is signed out."""
    ann = await newcomer("Ann")
    await ann.make_list("Picnic")
    pages = [await ann.context.new_page() for _ in range(4)]
    for page in pages:
        await page.goto(ann.page.url, wait_until="commit")
    for page in pages:
        await expect(page.get_by_test_id("list-title")).to_have_text("Picnic")


async def test_signing_out_and_in(newcomer: Newcomer) -> None:
    """Signing out closes the workspace; signing in goes back to where one wanted to be."""
    ann = await newcomer("Ann")
    await ann.make_list("Picnic")
    address = ann.page.url
    await ann.page.get_by_role("button", name="Your account").click()
    await ann.page.get_by_role("menuitem", name="Sign out").click()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()

    await ann.page.goto(address)
    await ann.page.get_by_label("E-mail").fill(ann.email)
    await ann.page.get_by_label("Password").fill("not the password")
    await ann.page.get_by_role("button", name="Sign in").click()
    await expect(ann.page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong")
    await ann.page.get_by_label("Password").fill(PASSWORD)
    await ann.page.get_by_role("button", name="Sign in").click()
    await expect(ann.page.get_by_test_id("list-title")).to_have_text("Picnic")


async def test_signing_out_leaves_nothing_behind(newcomer: Newcomer) -> None:
    """What is not sent yet is asked about first; then neither it nor a draft stays on the device."""
    ann = await newcomer("Ann")
    await ann.make_list("Picnic")
    await ann.page.route("**/messages", lambda route: route.abort())
    await ann.say("Who brings bread?")
    await ann.page.get_by_test_id("composer").fill("And who brings")
    kept = "Object.keys(localStorage).filter((key) => /draft|outbox/.test(key)).length"
    assert await ann.page.evaluate(kept) == 2

    await ann.page.get_by_role("button", name="Your account").click()
    await ann.page.get_by_role("menuitem", name="Sign out").click()
    dialog = ann.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    assert await ann.page.evaluate(kept) == 2

    await ann.page.get_by_role("button", name="Your account").click()
    await ann.page.get_by_role("menuitem", name="Sign out").click()
    await dialog.get_by_role("button", name="Sign out and discard").click()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await ann.page.evaluate(kept) == 0
    await ann.page.go_back()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()


async def test_a_session_ended_elsewhere_ends_here(newcomer: Newcomer, new_context: NewContext) -> None:
    """Ending all others from one device shows the sign-in page on the other, and says why."""
    ann = await newcomer("Ann")
    other = await new_screen(await new_context(), "Ann")
    await other.page.goto("/sign-in")
    await other.page.get_by_label("E-mail").fill(ann.email)
    await other.page.get_by_label("Password").fill(PASSWORD)
    await other.page.get_by_role("button", name="Sign in").click()
    await other.ready()

    await other.page.goto("/account")
    await other.page.get_by_role("button", name="Sign out all other devices").click()
    await expect(ann.page.get_by_text("You have been signed out. Sign in to go on.")).to_be_visible()


async def test_the_language_of_the_browser_and_the_switch(new_context: NewContext) -> None:
    """Chinese for who reads Chinese; the switch holds across a reload."""
    page = await (await new_context(locale="zh-TW")).new_page()
    await page.goto("/sign-in")
    await expect(page.get_by_role("heading", name="歡迎回來")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "zh-TW"
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "en"


async def test_a_form_says_what_is_wrong(new_context: NewContext) -> None:
    """Beside the field, in the reader's language."""
    ann = await new_screen(await new_context(locale="zh-TW"), "安")
    await ann.page.goto("/register")
    await ann.page.get_by_label("姓名").fill(ann.name)
    await ann.page.get_by_label("電子郵件").fill(ann.email)
    await ann.page.get_by_label("密碼").fill("short")
    await ann.page.get_by_role("button", name="註冊").click()
    await expect(ann.page.get_by_text("請至少輸入 8 個字元。")).to_be_visible()
