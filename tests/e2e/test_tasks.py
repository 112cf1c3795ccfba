"""Tasks on the screen: shown at once, taken back when refused, ordered by hand, the same for everybody."""

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import Newcomer
from tests.e2e.screen import Screen

pytestmark = [pytest.mark.e2e, pytest.mark.system]

REFUSAL = '{"type":"about:blank","title":"No","status":403,"code":"forbidden"}'


async def add(screen: Screen, *titles: str) -> None:
    """Tasks, one after the other, all on the server."""
    for title in titles:
        await screen.add_task(title)
    await expect(screen.tasks).to_have_text(list(titles))
    await expect(screen.page.get_by_test_id("pending")).to_have_count(0)


async def test_a_refused_change_is_taken_back(two_on_a_list: tuple[Screen, Screen]) -> None:
    """The tick shows before the server answers; the refusal takes it back and says so."""
    ann, _ = two_on_a_list
    await add(ann, "Buy bread")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            held.append(route)
        else:
            await route.continue_()

    await ann.page.route("**/tasks/*", hold)
    async with ann.page.expect_request(lambda request: request.method == "PATCH"):
        await ann.tick("Buy bread")
    await expect(ann.page.get_by_test_id("toggle-done")).to_have_text("Done 1")
    await held[0].fulfill(status=403, content_type="application/problem+json", body=REFUSAL)
    await expect(ann.tasks).to_have_text(["Buy bread"])
    await expect(ann.toast).to_contain_text("“Buy bread” was not changed. Your role does not allow that.")


async def test_dragging_and_keys_order_tasks(two_on_a_list: tuple[Screen, Screen]) -> None:
    """By mouse and by keyboard; the other screen follows, and the order is still there after a reload."""
    ann, ben = two_on_a_list
    await add(ann, "one", "two", "three")
    rows = ann.page.get_by_test_id("open-tasks").get_by_test_id("task")
    await rows.nth(2).hover()
    await rows.nth(2).get_by_test_id("grip").drag_to(rows.nth(0), target_position={"x": 200, "y": 4})
    await expect(ann.tasks).to_have_text(["three", "one", "two"])
    await expect(ben.tasks).to_have_text(["three", "one", "two"])

    await ann.page.get_by_role("button", name="three", exact=True).focus()
    await ann.page.keyboard.press("Alt+ArrowDown")
    await expect(ben.tasks).to_have_text(["one", "three", "two"])
    await ann.page.keyboard.press("Alt+ArrowDown")
    await expect(ben.tasks).to_have_text(["one", "two", "three"])
    await ann.page.reload()
    await expect(ann.tasks).to_have_text(["one", "two", "three"])


async def test_details_reach_the_other_screen(two_on_a_list: tuple[Screen, Screen]) -> None:
    """Title, notes, due date, priority, labels and assignees, from the panel."""
    ann, ben = two_on_a_list
    await add(ann, "Buy bread")
    await ann.page.get_by_role("button", name="Buy bread", exact=True).click()
    panel = ann.page.get_by_role("dialog")
    await panel.get_by_label("Title").fill("Buy rye bread")
    await panel.get_by_label("Notes").fill("From the corner shop")
    await panel.get_by_label("Due", exact=True).fill("2099-05-04")
    await panel.get_by_label("Priority").select_option("4")
    await panel.get_by_label("Labels").fill("food")
    await panel.get_by_label("Labels").press("Enter")
    await panel.get_by_role("checkbox", name="Ben").click()
    row = ben.page.get_by_test_id("task")
    for text in ("Buy rye bread", "2099", "Urgent", "food"):
        await expect(row).to_contain_text(text)
    await row.get_by_role("button").click()
    await expect(ben.page.get_by_role("dialog").get_by_label("Notes")).to_have_value("From the corner shop")
    await expect(ben.page.get_by_role("checkbox", name="Ben")).to_be_checked()


async def test_a_viewer_reads_and_talks(newcomer: Newcomer) -> None:
    """What a viewer may not do is not offered."""
    ann, ben = await newcomer("Ann"), await newcomer("Ben")
    await ann.make_list("Picnic")
    await add(ann, "Buy bread")
    await ann.share_with(ben.email, role="viewer")
    await ben.open_list("Picnic")
    await expect(ben.tasks).to_have_text(["Buy bread"])
    await expect(ben.page.get_by_test_id("add-task")).to_have_count(0)
    await expect(ben.page.get_by_role("checkbox")).to_be_disabled()
    await ben.say("I can only look")
    await expect(ann.messages).to_have_text(["I can only look"])
