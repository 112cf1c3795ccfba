"""The memory limits: under load no container comes near them.

This is how the limits of docker-compose.yml and k8s/ were measured:
`make test-compose T=tests/compose/test_memory.py` prints the table. Docker's own figure is taken, without
the page cache.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.compose.project import Project
from tests.compose.users import User, new_user, using
from tests.support import PersonFactory, eventually

USERS = 12
SOCKETS = 200  # further ones, which only listen
SIGN_INS = 24  # at once: each takes 19 MiB while it is being checked
REQUESTS = 250  # of each user
HEADROOM = 1.3  # a limit is at least this many times the peak
UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def used(project: Project) -> Iterator[tuple[str, float, float]]:
    """Service, bytes used and bytes allowed, of each running container."""
    ids = [state["ID"] for state in project.states() if state["State"] == "running"]
    names = {state["ID"][:12]: state["Service"] for state in project.states()}
    said = subprocess.run(
        ["docker", "stats", "--no-stream", "--format={{json .}}", *ids],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in said.splitlines():
        about = json.loads(line)
        use, limit = (_bytes(part) for part in about["MemUsage"].split("/"))
        yield names[about["ID"][:12]], use, limit


def _bytes(text: str) -> float:
    found = re.fullmatch(r"\s*([\d.]+)(\w+)\s*", text)
    assert found is not None, text
    return float(found[1]) * UNITS[found[2]]


async def _all_have_asked(users: list[User]) -> bool:
    return all(user.requests >= REQUESTS for user in users)


@pytest.mark.timeout(300)
async def test_no_container_comes_near_its_limit(
    project: Project, person: PersonFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    users = [await new_user(person, f"User{number}") for number in range(USERS)]
    peak: dict[str, float] = defaultdict(float)
    limits: dict[str, float] = {}

    async def watch() -> None:
        while True:
            for service, use, limit in await asyncio.to_thread(lambda: list(used(project))):
                peak[service], limits[service] = max(peak[service], use), limit

    watching = asyncio.create_task(watch())
    async with using(users), AsyncExitStack() as stack:
        for number in range(SOCKETS):
            user = users[number % USERS]
            live = await stack.enter_async_context(user.person.live("chat"))
            await live.subscribe(f"room:{user.room_id}")
        await asyncio.gather(*(person(f"Newcomer{number}") for number in range(SIGN_INS)))
        await eventually(lambda: _all_have_asked(users), timeout=120)
    watching.cancel()
    with capsys.disabled():
        for service in sorted(peak):
            megabytes = f"{peak[service] / 2**20:5.0f} MiB of {limits[service] / 2**20:5.0f}"
            sys.stdout.write(f"\n{service:14} {megabytes}")
    near = {service: use for service, use in peak.items() if use * HEADROOM > limits[service]}
    assert len(peak) >= 9, peak
    assert not near, near
    failures = [failure for user in users for failure in user.failures]
    assert not failures, failures
