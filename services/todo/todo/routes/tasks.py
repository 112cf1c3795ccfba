"""/api/todo/lists/{list_id}/tasks and /api/todo/lists/{list_id}/tasks/{task_id}."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from common.errors import NotFound
from common.etag import IfMatch, collection_etag, conditional, etag, not_modified
from common.identity import Me
from common.ids import new_id
from common.pages import NOT_MODIFIED, join, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, TopicPage, cursor_encode
from todo import actions, store
from todo.actions.creation import CreateTask, create_tasks
from todo.local import Local
from todo.page_cache import Place
from todo.routes.rendering import made_before, position_and_id, reply
from todo.schemas import NewTask, Task, TaskPatch
from todo.topics import list_topic

router = APIRouter(prefix="/api/todo/lists/{list_id}/tasks", tags=["tasks"])


@router.get(
    "",
    operation_id="list_tasks",
    summary="The tasks of a list, in order",
    response_model=TopicPage[Task],
    responses=NOT_MODIFIED,
)
async def list_tasks(
    request: Request, rt: Rt, me: Me, list_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """By position, subtasks among the others. The topic is that of the list."""
    after = parse_cursor(cursor, 2, position_and_id)
    local: Local = rt.local
    head = await local.heads.get((list_id, me.account_id))
    if head is None:
        raise NotFound
    place = Place(head.epoch, head.seq)
    tag = collection_etag(*place, request)
    body = local.pages.get((list_id, cursor, limit), place)
    if body is None and not not_modified(request, tag):
        async with rt.database.read() as conn:
            page = await store.pages.tasks(conn, list_id, me.account_id, after, limit)
        if page is not None:
            place = Place(page.epoch, page.seq)
            tag = collection_etag(*place, request)
        following = cursor_encode(*page.next) if page and page.next else None
        body = join(page.items if page else [], next=following, seq=place.seq, epoch=place.epoch)
        if page is not None:
            local.pages.put((list_id, cursor, limit), place, body)
    return conditional(request, lambda: body or b"", tag)


@router.post(
    "",
    operation_id="create_task",
    summary="Add a task",
    status_code=201,
    response_model=Task,
    responses=made_before(Task),
)
async def create_task(rt: Rt, me: Me, list_id: UUID, body: NewTask) -> Response:
    """Takes the role editor. With an id chosen by the client it can be sent again safely."""
    command = CreateTask(me.account_id, list_id, body.id or new_id(), body)
    return reply(await rt.log.write_batched(list_topic(list_id), create_tasks, command))


@router.get(
    "/{task_id}", operation_id="get_task", summary="One task", response_model=Task, responses=NOT_MODIFIED
)
async def get_task(request: Request, rt: Rt, me: Me, list_id: UUID, task_id: UUID) -> Response:
    """One task of a list."""
    async with rt.database.read() as conn:
        found = await store.tasks.readable(conn, list_id, task_id, me.account_id)
    if found is None:
        raise NotFound
    return conditional(request, lambda: found.data, etag(found.version))


@router.patch(
    "/{task_id}", operation_id="update_task", summary="Change, tick or move a task", response_model=Task
)
async def update_task(
    rt: Rt, me: Me, list_id: UUID, task_id: UUID, body: TaskPatch, if_match: IfMatch = None
) -> Response:
    """Takes the role editor. Only the fields given change; `after_id` moves it."""
    return reply(
        await rt.log.write(
            [list_topic(list_id)],
            lambda tx: actions.tasks.update_task(tx, me.account_id, list_id, task_id, body, if_match),
        )
    )


@router.delete(
    "/{task_id}",
    operation_id="delete_task",
    summary="Delete a task",
    status_code=204,
    response_class=Response,
)
async def delete_task(rt: Rt, me: Me, list_id: UUID, task_id: UUID, if_match: IfMatch = None) -> Response:
    """With all its subtasks; takes the role editor."""
    await rt.log.write(
        [list_topic(list_id)],
        lambda tx: actions.tasks.delete_task(tx, me.account_id, list_id, task_id, if_match),
    )
    return Response(status_code=204)
