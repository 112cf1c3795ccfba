"""Changing, moving and deleting tasks."""

from typing import Any
from uuid import UUID

from common.errors import Invalid, NotFound
from common.etag import if_match
from common.log.transaction import Tx
from common.schemas import encode
from todo import store
from todo.actions.access import require_role
from todo.actions.checks import check_assignees, check_parent
from todo.actions.outcome import Outcome
from todo.actions.places import find_place
from todo.actions.saving import save_task
from todo.schemas import Task, TaskPatch
from todo.topics import list_topic


async def update_task(
    tx: Tx, actor_id: UUID, list_id: UUID, task_id: UUID, body: TaskPatch, match: str | None
) -> Outcome:
    """Change the fields given; `after_id` moves the task. What changes nothing leaves no event.

    Wants the list's topic locked, as all actions here do.
    """
    await require_role(tx.db, list_id, actor_id, "editor")
    found = await store.tasks.get(tx.db, list_id, task_id)
    if found is None:
        raise NotFound
    if_match(match, found.version, lambda: found.data)
    current = Task.model_validate_json(found.data)
    changes = await _changes(tx, actor_id, current, body)
    if current.model_copy(update=changes) == current:
        return Outcome(found.data, found.version)
    changed = current.model_copy(update=changes | {"version": tx.next_seq(list_topic(list_id))})
    data = await save_task(tx, actor_id, changed, assigned_anew=changed.assignee_ids != current.assignee_ids)
    return Outcome(data, changed.version)


async def _changes(tx: Tx, actor_id: UUID, task: Task, body: TaskPatch) -> dict[str, Any]:
    """The fields of the task that the patch sets, checked, with those that follow from them."""
    changes = body.given()
    if changes.get("parent_id", task.parent_id) != task.parent_id:
        family = await store.order.family(tx.db, task.list_id, task.id)
        if any(member == body.parent_id for member, _ in family):
            raise Invalid.field("/parent_id", "cycle", "is the task itself or one of its subtasks")
        await check_parent(tx, task.list_id, body.parent_id, height=family[0][1])
    if "assignee_ids" in changes:
        await check_assignees(tx, task.list_id, body.assignee_ids)
    if changes.get("done", task.done) != task.done:
        changes["done_at"] = tx.now if body.done else None
    if "after_id" in changes:
        if body.after_id == task.id:
            raise Invalid.field("/after_id", "unknown-task", "a task cannot follow itself")
        changes["position"] = await find_place(
            tx, actor_id, task.list_id, changes.pop("after_id"), moving=task
        )
    return changes


async def delete_task(tx: Tx, actor_id: UUID, list_id: UUID, task_id: UUID, match: str | None) -> None:
    """Delete a task and all its subtasks, innermost first, so that nobody sees one without its parent."""
    await require_role(tx.db, list_id, actor_id, "editor")
    found = await store.tasks.get(tx.db, list_id, task_id)
    if found is None:
        raise NotFound
    if_match(match, found.version, lambda: found.data)
    topic = list_topic(list_id)
    versions: dict[UUID, int] = {}
    for member, _ in await store.order.family(tx.db, list_id, task_id):
        await tx.scrub(topic, member)
        data = encode({"id": member, "version": tx.next_seq(topic)})
        versions[member] = tx.append(topic, "task.deleted", resource_id=member, actor_id=actor_id, data=data)
    await store.tasks.bury(tx.db, list_id, versions, tx.now)


async def unassign(tx: Tx, actor_id: UUID, list_id: UUID, account_id: UUID) -> None:
    """Take an account out of the tasks of a list that are assigned to it."""
    for data in await store.tasks.assigned(tx.db, list_id, account_id):
        task = Task.model_validate_json(data)
        rest = [assignee for assignee in task.assignee_ids if assignee != account_id]
        changes = {"assignee_ids": rest, "version": tx.next_seq(list_topic(list_id))}
        await save_task(tx, actor_id, task.model_copy(update=changes), assigned_anew=True)
