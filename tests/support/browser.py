"""The built front end on the worker's stack, and a Chromium to look at it: fixtures of the browser tests."""

import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from tests.support.servers import Servers
from tests.support.stack import Stack
from tests.support.system import SystemSite, system_of
from tools.packages import find_browser
from tools.stack import Process, free_port
from tools.stack.ports import wait_until
from tools.stack.service import NAMES, ROOT, answers

FRONTEND = ROOT / "frontend"
VITE = str(FRONTEND / "node_modules/.bin/vite")
ARGUMENTS = [
    "--no-sandbox",  # it refuses to run as root with one; the pages are ours
    "--disable-dev-shm-usage",  # containers have a small one
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-proxy-server",
]

NewContext = Callable[..., Awaitable[BrowserContext]]


class Site:
    """The front end, built and served with the services behind it: one origin, as users see it."""

    def __init__(self, home: Path, stack: Stack) -> None:
        self._dist = home / "dist"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        addresses = {f"{name.upper()}_URL": stack.url(name) for name in NAMES}
        serve = [VITE, "preview", "--outDir", str(self._dist)]
        self.process = Process(
            "site",
            [*serve, "--port", str(self.port), "--strictPort"],
            env={**os.environ, **addresses, "PORT": str(self.port), "NO_COLOR": "1"},
            cwd=FRONTEND,
            log=home / "site.log",
        )

    def start(self) -> None:
        """Build into the run's own directory, then serve."""
        build = [VITE, "build", "--outDir", str(self._dist), "--emptyOutDir"]
        done = subprocess.run(build, cwd=FRONTEND, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.process.start()
        served = wait_until(lambda: answers(self.url), seconds=30, alive=lambda: self.process.running)
        assert served, self.process.tail()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, worker: str) -> Iterator[Site | SystemSite]:
    """The built front end at one address with the services of `stack`; or else the system of `--system`."""
    address = system_of(request.config)
    if address:
        yield SystemSite(address)
        return
    servers: Servers = request.getfixturevalue("servers")
    site = Site(servers.home / worker, request.getfixturevalue("stack"))
    try:
        site.start()
        yield site
    finally:
        site.process.kill()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One headless Chromium."""
    program = find_browser()
    assert program is not None, "no Chromium is installed: `make test` does that"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def new_context(browser: Browser, site: Site) -> AsyncIterator[NewContext]:
    """A factory of browser profiles, each a person's own device: `await new_context(locale="zh-TW")`."""
    made: list[BrowserContext] = []

    async def make(**options: Any) -> BrowserContext:
        settings = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, **options}
        context = await browser.new_context(base_url=site.url, **settings)
        made.append(context)
        return context

    yield make
    for context in made:
        await context.close()
