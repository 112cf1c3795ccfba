"""People who count while a backup is taken: what each database holds of it shows which moment it is of."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.api.world import done
from tests.compose.contents import LISTS, Crowd, room_of, sql
from tests.compose.project import Project
from tests.support import Person

WRITERS = 3


class Steps:
    """Someone who counts: in their name (auth), then in a task (todo), then in a message (chat).

    So at any one moment a service holds as much as the one before it, or one less.
    """

    def __init__(self, person: Person, list_path: str, room_path: str) -> None:
        self.person = person
        self.list_path = list_path
        self.room_path = room_path
        self.number = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.number += 1
            text = f"step {self.number}"
            done(await self.person.patch("/api/auth/me", json={"name": text}))
            done(await self.person.post(f"{self.list_path}/tasks", json={"title": text}))
            done(await self.person.post(f"{self.room_path}/messages", json={"body": text}))

    def held(self, project: Project) -> list[int]:
        """The last step that each database holds."""
        account, list_id = self.person.id.replace("-", ""), self.list_path.rpartition("/")[2].replace("-", "")
        room_id = self.room_path.rpartition("/")[2].replace("-", "")
        number = "MAX(CAST(SUBSTRING({}, 6) AS UNSIGNED))"
        rows = sql(
            project,
            f"SELECT {number.format('name')} FROM auth.accounts WHERE id = 0x{account};"
            f"SELECT {number.format('title')} FROM todo.tasks WHERE list_id = 0x{list_id};"
            f"SELECT {number.format('body')} FROM chat.messages"
            f" WHERE room_id = 0x{room_id} AND kind = 'message'",
        )
        return [int(row) for row in rows]


@contextlib.asynccontextmanager
async def counting(crowd: Crowd, project: Project) -> AsyncIterator[list[Steps]]:
    """People who count while the block runs."""
    writers = []
    for number in range(WRITERS):
        person = await crowd.newcomer(project, f"Writer {number}")
        list_path = f"{LISTS}/{done(await person.post(LISTS, json={'title': 'Steps'}))['id']}"
        writers.append(Steps(person, list_path, await room_of(person, list_path)))
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        yield writers
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
