"""Making tasks. Those of one moment are decided in their order and written together, in a few statements."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from common.errors import ServiceError
from common.ids import body_digest
from common.log.transaction import Tx
from common.schemas import encode
from todo import store
from todo.actions.access import check_role
from todo.actions.checks import check_assignees, check_parent
from todo.actions.outcome import Outcome, repeated
from todo.actions.places import find_place
from todo.positions import between
from todo.schemas import NewTask, Task
from todo.store.creation import Attempt, Preconditions
from todo.store.lists import Creation
from todo.store.tasks import New
from todo.topics import list_topic


class CreateTask(NamedTuple):
    """What somebody asks for."""

    actor_id: UUID
    list_id: UUID
    task_id: UUID
    body: NewTask


async def create_tasks(tx: Tx, commands: Sequence[CreateTask]) -> list[Outcome | ServiceError]:
    """Make tasks in one or several lists, whose topics are locked. What refuses one of them is its own."""
    attempts = [(each.list_id, each.actor_id, each.task_id) for each in commands]
    chosen = {(each.list_id, each.task_id) for each in commands if each.body.id is not None}
    making = _Making(tx, await store.creation.preconditions(tx.db, attempts, chosen))
    results: list[Outcome | ServiceError] = []
    for command in commands:
        try:
            results.append(await making.make(command))
        except ServiceError as error:
            results.append(error)
    await making.write()
    return results


class _Making:
    """What is known of the lists while their new tasks are decided one after the other."""

    def __init__(self, tx: Tx, preconditions: Mapping[Attempt, Preconditions]) -> None:
        self._tx = tx
        self._preconditions = preconditions
        self._taken: dict[tuple[UUID, UUID], Creation] = {}  # by tasks that were decided here
        self._ends: dict[UUID, str | None] = {}  # where the last task of a list stands since then
        self._news: list[New] = []  # decided, not written yet

    async def make(self, command: CreateTask) -> Outcome:
        """Decide one; a ServiceError leaves nothing behind."""
        actor_id, list_id, task_id, body = command
        known = self._preconditions.get((list_id, actor_id, task_id))
        check_role(known.role if known else None, "editor")
        assert known is not None  # noqa: S101 - or its role would have been refused
        digest = body_digest(body)
        earlier = self._taken.get((list_id, task_id), known.earlier)
        if earlier is not None:
            return repeated(earlier, actor_id, digest)
        await check_assignees(self._tx, list_id, body.assignee_ids)
        task = Task(
            **body.model_dump(exclude={"id", "after_id"}),
            id=task_id,
            list_id=list_id,
            done_at=self._tx.now if body.done else None,
            position=await self._place(command, known.last_position),
            version=self._tx.next_seq(list_topic(list_id)),
        )
        data = encode(task)
        self._news.append(New(task, data, actor_id, digest))
        self._taken[list_id, task_id] = Creation(actor_id, digest, False, data, task.version)
        topic = list_topic(list_id)
        self._tx.append(topic, "task.created", resource_id=task_id, actor_id=actor_id, data=data)
        return Outcome(data, task.version, created=True)

    async def write(self) -> None:
        """Insert what was decided."""
        news, self._news = self._news, []
        if news:
            await store.tasks.add(self._tx.db, news)

    async def _place(self, command: CreateTask, last: str | None) -> str:
        """Where it stands, once its parent is known to be in the list; the last step that may be refused."""
        list_id, body = command.list_id, command.body
        elsewhere = "after_id" in body.model_fields_set
        if elsewhere or body.parent_id is not None:
            await self.write()  # those checks look into the table
        await check_parent(self._tx, list_id, body.parent_id, height=1)
        if not elsewhere:
            place = self._ends[list_id] = between(self._ends.get(list_id, last), None)
            return place
        place = await find_place(self._tx, command.actor_id, list_id, body.after_id)
        moved = await store.order.last_position(self._tx.db, list_id)  # room may have been made
        self._ends[list_id] = max(place, moved or place)
        return place
