"""The room on the screen: input methods, unread badges, typing; messages survive whatever happens."""

import pytest
from playwright.async_api import Route, expect

from tests.e2e.screen import Screen
from tests.support import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.system]


async def test_enter_belongs_to_the_input_method_while_it_composes(
    two_on_a_list: tuple[Screen, Screen],
) -> None:
    """Choosing a character with Enter sends nothing; Enter afterwards does."""
    ann, _ = two_on_a_list
    composer = ann.page.get_by_test_id("composer")
    await composer.focus()
    devices = await ann.context.new_cdp_session(ann.page)
    await devices.send("Input.imeSetComposition", {"text": "ㄋㄧˇ", "selectionStart": 3, "selectionEnd": 3})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await devices.send("Input.dispatchKeyEvent", {"type": "keyDown", **enter})
    await devices.send("Input.insertText", {"text": "你好"})
    await expect(composer).to_have_value("你好")
    await expect(ann.messages).to_have_count(0)
    await composer.press("Enter")
    await expect(ann.messages).to_have_text(["你好"])
    await expect(composer).to_have_value("")


async def test_a_message_whose_answer_was_lost_is_said_once(two_on_a_list: tuple[Screen, Screen]) -> None:
    """It reached the server, the answer did not come back: it is sent again with the same id."""
    ann, ben = two_on_a_list
    tries: list[str] = []

    async def lose_first_answer(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        tries.append(str(route.request.post_data))
        if len(tries) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await ann.page.route("**/messages", lose_first_answer)
    await ann.say("only once")
    await expect(ben.messages).to_have_text(["only once"])
    await expect(ann.messages).to_have_text(["only once"])
    await ann.say("and then this")
    await expect(ben.messages).to_have_text(["only once", "and then this"])
    assert tries[0] == tries[1]


async def test_what_is_written_offline_is_sent_in_order(two_on_a_list: tuple[Screen, Screen]) -> None:
    """Messages and tasks wait, are shown as waiting, and arrive in order, once."""
    ann, ben = two_on_a_list
    await ben.context.set_offline(True)
    await ben.say("first")
    await ben.say("second")
    await ben.add_task("Buy salt")
    await expect(ben.page.get_by_test_id("pending")).to_have_count(3)
    await ben.context.set_offline(False)
    await expect(ann.messages).to_have_text(["first", "second"])
    await expect(ann.tasks).to_have_text(["Buy salt"])
    await expect(ben.page.get_by_test_id("pending")).to_have_count(0)
    await expect(ben.messages).to_have_text(["first", "second"])


async def test_what_waits_survives_a_reload(two_on_a_list: tuple[Screen, Screen]) -> None:
    """What could not be sent, and what was not even finished, is there after the page was loaded again."""
    ann, ben = two_on_a_list
    await ben.page.route("**/messages", _refuse_posts)
    await ben.say("first")
    await ben.say("second")
    await expect(ben.page.get_by_test_id("pending")).to_have_count(2)
    await ben.page.get_by_test_id("composer").fill("half a thou")
    await ben.page.reload()
    await expect(ben.page.get_by_test_id("composer")).to_have_value("half a thou")
    await expect(ben.messages).to_have_text(["first", "second"])
    await expect(ann.messages).to_have_count(0)
    await ben.page.unroute("**/messages")
    await expect(ann.messages).to_have_text(["first", "second"], timeout=20_000)
    await expect(ben.page.get_by_test_id("pending")).to_have_count(0)


async def _refuse_posts(route: Route) -> None:
    if route.request.method == "POST":
        await route.abort()
    else:
        await route.continue_()


async def test_chat_away_leaves_the_tasks(two_on_a_list: tuple[Screen, Screen], stack: Stack) -> None:
    """The page says which part is away; tasks go on; what was said meanwhile is sent when chat is back."""
    ann, ben = two_on_a_list
    stack.service("chat").kill()
    try:
        await expect(ann.banner).to_contain_text("Reconnecting to the conversation")
        await ann.say("are you there?")
        await ann.add_task("Buy bread")
        await expect(ben.tasks).to_have_text(["Buy bread"])
    finally:
        stack.service("chat").start()
    await expect(ben.messages).to_have_text(["are you there?"], timeout=40_000)
    await expect(ann.banner).to_be_hidden(timeout=40_000)


async def test_unread_badges_count_what_was_not_seen(two_on_a_list: tuple[Screen, Screen]) -> None:
    """Counted while another list is open, gone when the room is seen, with a line above what is new."""
    ann, ben = two_on_a_list
    await ben.make_list("Other")
    await ann.say("one")
    await ann.say("two")
    badge = ben.link("Picnic").get_by_test_id("unread")
    await expect(badge).to_contain_text("2")
    await ben.open_list("Picnic")
    await expect(ben.messages).to_have_text(["one", "two"])
    await expect(ben.page.get_by_test_id("unread-line")).to_be_visible()
    await expect(badge).to_have_count(0)


async def test_typing_presence_editing_and_deleting(two_on_a_list: tuple[Screen, Screen]) -> None:
    """Who is here and who writes; one's own words can be changed and taken back."""
    ann, ben = two_on_a_list
    await expect(ann.page.get_by_test_id("presence")).to_contain_text("1 other is here")
    await ben.page.get_by_test_id("composer").press_sequentially("Helo")
    await expect(ann.page.get_by_test_id("typing")).to_have_text("Ben is writing…")
    await ben.page.get_by_test_id("composer").press("Enter")
    await expect(ann.messages).to_have_text(["Helo"])
    await expect(ann.page.get_by_test_id("typing")).to_have_text("")

    await ben.messages.hover()
    await ben.page.get_by_role("button", name="Edit message").click()
    await ben.page.get_by_role("textbox", name="Edit message").fill("Hello")
    await ben.page.get_by_role("textbox", name="Edit message").press("Enter")
    await expect(ann.messages).to_contain_text(["Hello"])
    await expect(ann.messages).to_contain_text(["edited"])
    await ben.messages.hover()
    await ben.page.get_by_role("button", name="Delete message").click()
    await ben.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(ann.page.get_by_text("Message deleted")).to_be_visible()
    await expect(ann.messages).to_have_count(0)
