"""A task that has changed: its row, and the event that says so."""

from uuid import UUID

from common.log.transaction import Tx
from common.schemas import encode
from todo import store
from todo.schemas import Task
from todo.topics import list_topic


async def save_task(tx: Tx, actor_id: UUID, task: Task, *, assigned_anew: bool = False) -> bytes:
    """Write a task whose version is the next of its list's log; returns it encoded."""
    data = encode(task)
    await store.tasks.save(tx.db, task, data, assigned_anew=assigned_anew)
    tx.append(list_topic(task.list_id), "task.updated", resource_id=task.id, actor_id=actor_id, data=data)
    return data
