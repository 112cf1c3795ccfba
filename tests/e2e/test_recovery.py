"""Coming back after too long: what cannot be replayed is read again, and nothing is missing or doubled."""

import json
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.e2e.screen import Screen

pytestmark = [pytest.mark.e2e, pytest.mark.system]


class ForgetfulServer:
    """Stands between a page and its live connections; from `forget` on, no subscription can be recovered."""

    def __init__(self) -> None:
        self.forget = False
        self.resets = 0

    def route(self, page_side: WebSocketRoute) -> None:
        """One connection."""
        server_side = page_side.connect_to_server()
        heads: dict[str, int] = {}

        def pass_on(text: str | bytes) -> None:
            frame: dict[str, Any] = json.loads(text)
            topic = str(frame.get("topic"))
            if self.forget and frame["op"] == "subscribed":
                heads[topic] = frame["seq"]
                frame["recovered"] = False
                self.resets += 1
            if frame["op"] != "event" or frame["seq"] > heads.get(topic, 0):
                page_side.send(json.dumps(frame))

        server_side.on_message(pass_on)


async def test_what_cannot_be_replayed_is_read_again(two_on_a_list: tuple[Screen, Screen]) -> None:
    """Added, changed and deleted meanwhile: the page shows what the server holds, and goes on live."""
    ann, ben = two_on_a_list
    server = ForgetfulServer()
    await ben.page.route_web_socket("**/live", server.route)
    await ben.page.reload()
    await ben.ready()
    for title in ("kept", "ticked", "deleted"):
        await ann.add_task(title)
    await ann.say("before")
    await expect(ben.tasks).to_have_text(["kept", "ticked", "deleted"])
    await expect(ben.messages).to_have_text(["before"])

    await ben.context.set_offline(True)
    await expect(ben.banner).to_be_visible()
    await ann.tick("ticked")
    await ann.page.get_by_role("button", name="deleted", exact=True).click()
    await ann.page.get_by_role("button", name="Delete task").click()
    await ann.page.get_by_role("dialog").get_by_role("button", name="Delete task").last.click()
    await expect(ann.tasks).to_have_text(["kept"])
    await ann.add_task("added")
    await ann.say("meanwhile")
    await expect(ann.page.get_by_test_id("pending")).to_have_count(0)

    server.forget = True
    await ben.context.set_offline(False)
    await expect(ben.tasks).to_have_text(["kept", "added"])
    await expect(ben.messages).to_have_text(["before", "meanwhile"])
    await expect(ben.page.get_by_test_id("toggle-done")).to_have_text("Done 1")
    assert server.resets >= 4, "both people's topics, the list and the room"

    await ann.add_task("live again")
    await ann.say("afterwards")
    await expect(ben.tasks).to_have_text(["kept", "added", "live again"])
    await expect(ben.messages).to_have_text(["before", "meanwhile", "afterwards"])
