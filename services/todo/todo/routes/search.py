"""/api/todo/tasks: the tasks of all my lists that answer a question."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from common.clock import now
from common.etag import conditional
from common.identity import Me
from common.pages import NOT_MODIFIED, digest_tag, join, parse_cursor
from common.runtime import Rt
from common.schemas import Cursor, Limit, Page, cursor_encode
from todo import store
from todo.due import parse_due, parse_zone
from todo.schemas import Task
from todo.store.search import Place, Wanted

router = APIRouter(prefix="/api/todo/tasks", tags=["tasks"])

Due = Annotated[
    str | None,
    Query(
        pattern=r"^(today|week|overdue|none|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        description="`today`, `week` (today and six days more), `overdue` (not done), `none`, or a date",
    ),
]
Zone = Annotated[str, Query(max_length=64, description="IANA time zone in which days begin and end")]
Assignee = Annotated[
    str | None,
    Query(
        pattern="^(me|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        description="`me`, or an account's id",
    ),
]
Label = Annotated[str | None, Query(max_length=40, description="exactly this label")]
Words = Annotated[
    str | None, Query(max_length=200, description="part of the title or the notes, whatever the case")
]


@router.get(
    "",
    operation_id="search_tasks",
    summary="Tasks across my lists",
    response_model=Page[Task],
    responses=NOT_MODIFIED,
)
async def search_tasks(
    request: Request,
    rt: Rt,
    me: Me,
    due: Due = None,
    tz: Zone = "UTC",
    assignee: Assignee = None,
    label: Label = None,
    q: Words = None,
    done: Annotated[bool | None, Query(description="ticked, or not")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Every condition given has to hold. List by list, each in its order."""
    zone = parse_zone(tz)
    span = None if due is None else parse_due(due, zone, now())
    wanted = Wanted(
        due=span,
        assignee_id=None if assignee is None else me.account_id if assignee == "me" else UUID(assignee),
        label=label,
        words=q,
        done=False if due == "overdue" and done is None else done,
    )
    after = parse_cursor(cursor, 3, _place)
    async with rt.database.read() as conn:
        found = await store.search.tasks(conn, me.account_id, wanted, after, limit)
    body = join(found.items, next=cursor_encode(*found.next) if found.next else None)
    return conditional(request, lambda: body, digest_tag(body))


def _place(list_id: str, position: str, task_id: str) -> Place:
    return Place(UUID(list_id), position, UUID(task_id))
