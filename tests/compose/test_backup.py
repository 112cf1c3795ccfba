"""A backup is one moment of all three databases. Restored anywhere, all of it is there and nothing later, and
clients that knew a later state read again and end right."""

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.api.world import done
from tests.compose.contents import (
    LISTS,
    ROOMS,
    Crowd,
    Mirror,
    fill,
    following,
    room_of,
    seen_by,
    tables,
)
from tests.compose.project import Project
from tests.compose.steps import counting
from tests.e2e.screen import Screen, new_screen
from tests.support import Person, eventually
from tests.support.live import open_live
from tools.stack.service import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def target(project: Project) -> Iterator[Project]:
    """Where nothing is yet: no container, no volume."""
    target = Project(f"{project.name}-restored", tag=project.tag)
    yield target
    target.down()


@pytest.fixture
async def crowd() -> AsyncIterator[Crowd]:
    """The people of a test."""
    crowd = Crowd()
    yield crowd
    await crowd.close()


async def tool(project: Project, *arguments: str) -> str:
    """`python3 -m tools.backup …` on a project: what it said. The loop goes on meanwhile."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.backup", *arguments),
        cwd=ROOT,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def backup(project: Project, directory: Path) -> Path:
    """`make backup`; the file."""
    await tool(project, "create", "--directory", str(directory))
    return max(directory.glob("*.sql.gz"))


async def restore(project: Project, file: Path) -> None:
    """`make restore`."""
    await tool(project, "restore", str(file), "--yes")


async def renewed(person: Person) -> None:
    """What a client does whose access token is refused."""
    answer = await person.client.post(person.address("/api/auth/sessions/refresh"))
    assert answer.status_code == 200, answer.text
    person.token = answer.json()["access_token"]


async def settled(project: Project) -> None:
    """Until everyone who follows a log stands at its end."""

    async def all_follow() -> bool:
        return await asyncio.to_thread(following, project)

    await eventually(all_follow, timeout=30)


async def test_everything_comes_back_in_a_new_system(
    crowd: Crowd, project: Project, target: Project, tmp_path: Path
) -> None:
    """And nothing of what came after the backup. A restore over what is there does the same."""
    people = await fill(crowd, project)
    await settled(project)
    file = await backup(project, tmp_path)
    held = tables(project)
    seen = [await seen_by(person) for person in people]
    mirrors, ghost = await _go_on(crowd, project, people)

    await restore(target, file)
    await settled(target)
    assert tables(target) == held
    for again in (False, True):
        if again:  # over a system that is in use
            await restore(target, file)
        clients = [crowd.moved(person, target) for person in people]
        await _old_tokens_are_refused(clients, crowd.moved(ghost, target))
        assert [await seen_by(client) for client in clients] == seen
        await _clients_end_right(clients, mirrors)
        await _works(crowd, target, clients)


async def _go_on(crowd: Crowd, project: Project, people: list[Person]) -> tuple[list[Mirror], Person]:
    """More of everything, which clients have seen live; and somebody whom the backup does not know."""
    ann = people[0]
    ghost = await crowd.newcomer(project, "Ghost")
    lists = done(await ann.get(LISTS))["items"]
    rooms = done(await ann.get(ROOMS))["items"]
    topics = [f"list:{item['id']}" for item in lists] + [f"room:{item['id']}" for item in rooms]
    mirrors = [Mirror(ann, topic) for topic in topics]
    for mirror in mirrors:
        body = {"title": "Too late"} if mirror.noun == "task" else {"body": "Too late"}
        for _ in range(3):
            done(await ann.post(mirror.path, json=body))
        await mirror.load()
    return mirrors, ghost


async def _old_tokens_are_refused(people: list[Person], ghost: Person) -> None:
    """By every service and on both sockets; sessions that the backup knows go on with a new one."""
    for person in (*people, ghost):
        for path in ("/api/auth/me", LISTS, ROOMS):
            answer = await person.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad-token"), answer.text
        for service in ("todo", "chat"):
            async with open_live(f"{person.address(f'/api/{service}/')}live", None) as live:
                await live.send({"op": "auth", "token": person.token})
                assert await live.ended() == 4500
    for person in people:
        await renewed(person)
    refused = await ghost.client.post(ghost.address("/api/auth/sessions/refresh"))
    assert (refused.status_code, refused.json()["code"]) == (401, "session-ended")


async def _clients_end_right(people: list[Person], mirrors: list[Mirror]) -> None:
    """Who is ahead of the log, in its former life, reads again, and goes on from there."""
    for mirror in mirrors:
        mirror.person = people[0]
        async with mirror.person.live(mirror.service) as live:
            assert not await mirror.resume(live), f"{mirror.topic} was recovered, from another life"
            body = {"title": "Afterwards"} if mirror.noun == "task" else {"body": "Afterwards"}
            done(await people[1].post(mirror.path, json=body))
            await mirror.ends_right(live)
            assert "Too late" not in str(mirror.items)


async def _works(crowd: Crowd, project: Project, people: list[Person]) -> None:
    """Sign up, share, follow, talk: nobody is stuck, and every follower follows."""
    dan = await crowd.newcomer(project, "Dan")
    path = f"{LISTS}/{done(await dan.post(LISTS, json={'title': 'New'}))['id']}"
    done(await dan.put(f"{path}/members/{people[0].id}", json={"role": "editor"}))
    room = await room_of(dan, path, people[0])
    done(await people[0].post(f"{room}/messages", json={"body": "Welcome"}))


async def test_a_backup_is_one_moment_and_an_open_tab_survives_its_restore(
    crowd: Crowd, project: Project, browser: Browser, tmp_path: Path
) -> None:
    """Taken while people write; put back under a page that is open and sockets that stand."""
    context = await browser.new_context(base_url=project.url(), locale="en-GB")
    ann: Screen = await new_screen(context, "Ann")
    await ann.register()
    await ann.make_list("Picnic")
    await ann.add_task("kept")
    await ann.say("kept")
    await expect(ann.messages).to_have_text(["kept"])

    async with counting(crowd, project) as writers:
        while min(writer.number for writer in writers) < 5:
            await asyncio.sleep(0.1)
        file = await backup(project, tmp_path)
        at_the_end = [writer.number for writer in writers]
    await ann.add_task("lost")
    await ann.say("lost")
    await expect(ann.messages).to_have_text(["kept", "lost"])

    await restore(project, file)
    for writer, end in zip(writers, at_the_end, strict=True):
        auth, todo, chat = writer.held(project)
        assert 1 < chat <= todo <= auth <= chat + 1, (auth, todo, chat)
        assert auth <= end
    await ann.ready(40)  # after so long an absence it waits for up to 30 s between two attempts
    await expect(ann.tasks).to_have_text(["kept"], timeout=20_000)
    await expect(ann.messages).to_have_text(["kept"])
    await ann.add_task("afterwards")
    await ann.say("afterwards")
    await expect(ann.tasks).to_have_text(["kept", "afterwards"])
    await expect(ann.messages).to_have_text(["kept", "afterwards"])
    await context.close()


def test_the_account_that_reads_everything_cannot_empty_the_binary_log(project: Project) -> None:
    """With RELOAD, which is what mysqldump is usually given, it could."""
    asked = "mysql --user=backup --host=127.0.0.1 --execute='RESET BINARY LOGS AND GTIDS'"
    with pytest.raises(AssertionError, match="Access denied"):
        project.compose("exec", "-T", "--env=MYSQL_PWD=development-only-backup", "mysql", "bash", "-c", asked)


async def test_a_failure_is_loud_and_takes_nothing_away(project: Project, tmp_path: Path) -> None:
    """Neither a backup that cannot be made, nor the restore of one that is damaged; and of what a restore has
    left that failed half-way, no backup is made."""
    kept = await backup(project, tmp_path)
    before = sorted(tmp_path.iterdir())
    user, place = f"--user={os.getuid()}:{os.getgid()}", f"--volume={tmp_path}:/backups"
    once = ("run", "--rm", "--no-deps", "-T", user, place, "--env=BACKUP_KEEP=1")
    with pytest.raises(AssertionError, match="FAILED: the dump ended early"):
        project.compose(*once, "--env=MYSQL_PASSWORD=wrong", "backup", "once")
    assert sorted(tmp_path.iterdir()) == before

    damaged = tmp_path / "damaged.sql.gz"
    damaged.write_bytes(kept.read_bytes()[:-100])
    with pytest.raises(AssertionError, match="cannot be read"):
        await restore(project, damaged)
    assert project.whole(), "something was stopped for it"
    before_the_last_table, after = gzip.decompress(kept.read_bytes()).rsplit(b"CREATE TABLE", 1)
    damaged.write_bytes(gzip.compress(before_the_last_table + b"CREATE NOTHING" + after))
    with pytest.raises(AssertionError, match="was loaded; do it again"):
        await restore(project, damaged)
    damaged.unlink()
    with pytest.raises(AssertionError, match="FAILED: the dump ended early"):
        project.compose(*once, "backup", "once")
    assert sorted(tmp_path.iterdir()) == before
    await restore(project, kept)
    assert project.whole()

    project.compose(*once, "backup", "once")
    (newest,) = tmp_path.glob("*.sql.gz")
    assert newest > kept, "the older one went, once the newer one was there"
    assert sorted(tmp_path.iterdir()) == [newest, newest.with_name(f"{newest.name}.sha256")]
