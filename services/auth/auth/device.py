"""What a request tells about the device it came from, for the person's own list of sessions."""

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

# The first that matches names it: Edge and Opera also say Chrome, Chrome also says Safari.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Macintosh|Mac OS X"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def _named(table: tuple[tuple[str, str], ...], agent: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, agent)), None)


def describe(agent: str) -> str:
    """A User-Agent in a person's words: `Firefox on Linux`; the first product of one that is no browser."""
    browser, system = _named(_BROWSERS, agent), _named(_SYSTEMS, agent)
    if browser:
        return f"{browser} on {system}" if system else browser
    return agent.split(" ", 1)[0][:100]


class Origin(NamedTuple):
    """Where a request came from."""

    device: str
    address: str


def _origin(request: Request) -> Origin:
    # Behind a trusted proxy the server has already put the client's address here.
    address = request.client.host if request.client else ""
    return Origin(describe(request.headers.get("user-agent", "")), address[:45])


From = Annotated[Origin, Depends(_origin)]
