"""What a person does on the screen, in their words; the one place that knows how the page is built."""

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.support.person import PASSWORD, new_email


class Screen:
    """One page in one person's browser."""

    def __init__(self, page: Page, name: str, email: str) -> None:
        self.page = page
        self.name = name
        self.email = email

    @property
    def context(self) -> BrowserContext:
        """The person's browser."""
        return self.page.context

    @property
    def tasks(self) -> Locator:
        """The open tasks, in their order."""
        return (
            self.page.get_by_test_id("open-tasks")
            .get_by_test_id("task")
            .locator("[data-title] > span:first-child")
        )

    @property
    def messages(self) -> Locator:
        """What is said in the room, oldest first."""
        return self.page.get_by_test_id("message")

    @property
    def banner(self) -> Locator:
        """Says which part is away."""
        return self.page.get_by_test_id("live-banner")

    @property
    def toast(self) -> Locator:
        """A short message at the edge."""
        return self.page.get_by_test_id("toast")

    async def register(self) -> None:
        """Make an account; the workspace is open afterwards."""
        await self.page.goto("/register")
        await self.page.get_by_label("Name").fill(self.name)
        await self.page.get_by_label("E-mail").fill(self.email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Register").click()
        await self.ready()

    async def ready(self, seconds: float = 5) -> None:
        """Both live connections stand."""
        dot = self.page.get_by_test_id("live-dot")
        await expect(dot).to_have_attribute("data-ready", "true", timeout=seconds * 1000)

    async def make_list(self, title: str) -> None:
        """Make a list; it is open afterwards, with its room."""
        await self.page.get_by_role("button", name="New list").first.click()
        await self.page.get_by_label("Title").fill(title)
        await self.page.get_by_role("button", name="Make list").click()
        await expect(self.page.get_by_test_id("list-title")).to_have_text(title)
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    def link(self, title: str) -> Locator:
        """A list in the sidebar."""
        return self.page.get_by_test_id("lists").get_by_role("link", name=title)

    async def open_list(self, title: str) -> None:
        """Open a list from the sidebar."""
        await self.link(title).click()
        await expect(self.page.get_by_test_id("list-title")).to_have_text(title)
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def share_with(self, email: str, role: str = "editor") -> None:
        """Share the open list."""
        await self.page.get_by_role("button", name="Share").click()
        dialog = self.page.get_by_role("dialog")
        await dialog.get_by_label("E-mail").fill(email)
        await dialog.get_by_label("Role", exact=True).select_option(role)
        await dialog.get_by_role("button", name="Add", exact=True).click()
        await expect(dialog.get_by_test_id("member")).to_have_count(2)
        await self.page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()

    async def remove(self, name: str) -> None:
        """Take somebody out of the open list."""
        await self.page.get_by_role("button", name="Share").click()
        await self.page.get_by_role("button", name=f"Remove {name}").click()
        await self.page.get_by_role("button", name="Remove", exact=True).click()

    async def add_task(self, title: str) -> None:
        """Add a task at the end."""
        field = self.page.get_by_test_id("add-task")
        await field.fill(title)
        await field.press("Enter")

    async def tick(self, title: str) -> None:
        """Mark a task as done."""
        await self.page.get_by_role("checkbox", name=f"Mark “{title}” as done").click()

    async def say(self, text: str) -> None:
        """Say something in the room."""
        field = self.page.get_by_test_id("composer")
        await field.fill(text)
        await field.press("Enter")


async def new_screen(context: BrowserContext, name: str) -> Screen:
    """A page of a person who does not have an account yet."""
    page = await context.new_page()
    return Screen(page, name, new_email(name))
