"""Pages while others write: what nobody touches is seen once, in its place."""

import asyncio
import random

import pytest

from tests.todo.things import Resource, Team, new_task, ok, path

pytestmark = pytest.mark.system


async def test_untouched_tasks_are_seen_once_while_others_write(team: Team) -> None:
    chance = random.Random(3)
    untouched = [await new_task(team.editor, team.id, f"Task {number}") for number in range(30)]
    restless = [await new_task(team.editor, team.id, f"Restless {number}") for number in range(5)]
    reading = asyncio.Event()

    async def write() -> None:
        while not reading.is_set():
            task = chance.choice(restless)
            after = chance.choice([None, *untouched])
            target = path(team.id, "tasks", task["id"])
            ok(await team.editor.patch(target, json={"after_id": after and after["id"]}))
            made = await new_task(team.editor, team.id, "passing", after_id=chance.choice(untouched)["id"])
            assert (await team.editor.delete(path(team.id, "tasks", made["id"]))).status_code == 204

    async def walk() -> list[Resource]:
        items: list[Resource] = []
        cursor, first = None, 0
        while True:
            parameters = {"limit": "4"} | ({"cursor": cursor} if cursor else {})
            page = ok(await team.viewer.get(path(team.id, "tasks"), params=parameters))
            assert page["seq"] >= first
            first = first or page["seq"]
            assert all(item["version"] <= page["seq"] for item in page["items"])
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    writers = [asyncio.create_task(write()) for _ in range(3)]
    try:
        ids = {task["id"] for task in untouched}
        for _ in range(4):
            seen = [task for task in await walk() if task["id"] in ids]
            assert seen == untouched
    finally:
        reading.set()
        await asyncio.gather(*writers)


async def test_a_page_is_exact_for_its_number(team: Team) -> None:
    """The same number always comes with the same tasks, so that it can be kept."""
    pages: dict[int, list[Resource]] = {}
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            page = ok(await team.viewer.get(path(team.id, "tasks"), params={"limit": "200"}))
            assert pages.setdefault(page["seq"], page["items"]) == page["items"]

    readers = [asyncio.create_task(read()) for _ in range(3)]
    try:
        made = [await new_task(team.editor, team.id, f"Task {number}") for number in range(25)]
    finally:
        done.set()
        await asyncio.gather(*readers)
    for seq, items in pages.items():
        assert items == [task for task in made if task["version"] <= seq]
