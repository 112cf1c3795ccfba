"""Lists with their tasks, members and log."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from bench.seed.bulk import AT_ONCE, EPOCH, Copies, put, transaction
from common.ids import new_id
from common.schemas import encode
from todo.models import LOG, List, Member
from todo.models import Task as TaskRow
from todo.positions import between
from todo.schemas import ListState, Task
from todo.topics import list_topic

DUE = datetime(2027, 3, 1, 9, tzinfo=UTC)
NOTES = "What there is to say about it, in a sentence or two of the usual length."


def lists(url: str, members: Sequence[str], count: int, tasks: int) -> list[UUID]:
    """So many lists with so many tasks each; all of these accounts are editors. `url` is todo's database."""
    first, *others = made = [new_id() for _ in range(count)]
    with transaction(url) as connection:
        put(connection, List.__table__, (_list(each, members[0]) for each in made))
        roles = ((list_id, UUID(member)) for list_id in made for member in members)
        rows = ({"list_id": a, "account_id": b, "role": "editor", "version": 1} for a, b in roles)
        put(connection, Member.__table__, rows)
        topic = {"topic": list_topic(first).encode(), "seq": tasks + 1, "epoch": EPOCH, "floor": 0}
        put(connection, LOG.topics, [topic])
        _tasks(connection, first, UUID(members[0]), tasks)
        copies = Copies(connection, first, others)
        copies.rows(TaskRow.__table__, "list_id")
        copies.log(LOG.topics, "list")
        copies.log(LOG.events, "list")
    return made


def task(list_id: UUID, number: int, position: str) -> Task:
    """A task as people write them: one in three is due, one in two has notes and labels."""
    return Task(
        id=new_id(),
        list_id=list_id,
        parent_id=None,
        title=f"Task {number:06}: bring what we need for Saturday",
        notes=NOTES if number % 2 else "",
        done=False,
        done_at=None,
        due=DUE + timedelta(hours=number % 1000) if number % 3 == 0 else None,
        priority=number % 5,
        labels=["home", "weekend"] if number % 2 else [],
        assignee_ids=[],
        position=position,
        version=number + 2,
    )


def positions(count: int) -> Iterator[str]:
    """Where so many tasks stand that were added one after the other."""
    position = None
    for _ in range(count):
        position = between(position, None)
        yield position


def _tasks(connection: Connection, list_id: UUID, creator: UUID, count: int) -> None:
    made = (task(list_id, number, position) for number, position in enumerate(positions(count)))
    while batch := list(islice(made, AT_ONCE)):
        put(connection, TaskRow.__table__, (_task_row(each, creator) for each in batch))
        put(connection, LOG.events, (_event_row(each, creator) for each in batch))


def _list(list_id: UUID, creator: str) -> dict[str, Any]:
    state = ListState(id=list_id, title="Saturday", color="#3b82f6", version=1)
    rest = {"data": encode(state), "creator_id": UUID(creator), "digest": bytes(32), "deleted_at": None}
    return {**state.model_dump(), **rest}


def _task_row(task: Task, creator: UUID) -> dict[str, Any]:
    state = task.model_dump(exclude={"done_at", "assignee_ids", "labels", "position"})
    return {
        **state,
        "labels": encode(task.labels).decode(),
        "position": task.position.encode(),
        "data": encode(task),
        "creator_id": creator,
        "digest": bytes(32),
        "deleted_at": None,
    }


def _event_row(task: Task, creator: UUID) -> dict[str, Any]:
    return {
        "topic": list_topic(task.list_id).encode(),
        "seq": task.version,
        "kind": b"task.created",
        "resource_id": task.id,
        "actor_id": creator,
        "at": datetime.now(UTC),
        "data": encode(task),
        "revokes": None,
    }
