"""What requests and answers look like."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StringConstraints
from pydantic_core import PydanticCustomError

from common.schemas import Body, CleanStr, ClientId, Out, Timestamp

Role = Literal["owner", "editor", "viewer"]
"""owner: members and deletion, too · editor: tasks and the title, too · viewer: reads."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_out(value: Any) -> Any:
    """Only RFC 3339 text is a time: pydantic would take numbers, and text without a zone, as well."""
    if isinstance(value, str) and not _RFC3339.fullmatch(value):
        raise PydanticCustomError("not-rfc3339", "must be an RFC 3339 time with its zone")
    if isinstance(value, str | datetime):
        return value
    raise PydanticCustomError("not-rfc3339", "must be an RFC 3339 time with its zone")


def _plausible(value: datetime) -> datetime:
    """In UTC, in years that every database and calendar can hold."""
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or moment < EARLIEST:
        raise PydanticCustomError("out-of-range", "must lie between the years 1970 and 9999")
    return moment


def _without_repeats(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def absent() -> Any:
    """Of a patch: a field that may be left out but, where the resource cannot lack it, not be null."""
    return Field(default_factory=lambda: None)


VISIBLE = r"\S"
"""A pattern: something other than blanks."""

Title = Annotated[CleanStr, StringConstraints(min_length=1, max_length=500, pattern=VISIBLE)]
ListTitle = Annotated[CleanStr, StringConstraints(min_length=1, max_length=200, pattern=VISIBLE)]
Notes = Annotated[CleanStr, StringConstraints(max_length=20_000)]
Label = Annotated[CleanStr, StringConstraints(min_length=1, max_length=40, pattern=VISIBLE)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$")]
Due = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_plausible)]
Priority = Annotated[StrictInt, Field(ge=0, le=4, description="0 none, 1 low, 2 medium, 3 high, 4 urgent")]
Labels = Annotated[list[Label], Field(max_length=20), AfterValidator(_without_repeats)]
Assignees = Annotated[
    list[UUID], Field(max_length=50, description="members of the list"), AfterValidator(_without_repeats)
]
Place = Annotated[UUID | None, Field(description="the task it follows; null: first")]


class NewList(Body):
    """A list to be made."""

    id: ClientId | None = None
    title: ListTitle
    color: Color = "#3b82f6"


class ListPatch(Body):
    """What of a list shall change."""

    title: ListTitle = absent()
    color: Color = absent()


class ListState(Out):
    """A list as its events carry it: the same for every reader."""

    id: UUID
    title: str
    color: str
    version: int


class List(ListState):
    """A list, and what the reader may do in it."""

    my_role: Role


def with_role(data: bytes, role: Role) -> bytes:
    """An encoded list as one reader gets it. The bytes stay as they are; only the role joins them."""
    return data[:-1] + b',"my_role":"' + role.encode() + b'"}'


class NewMember(Body):
    """The role an account shall have."""

    role: Role


class Member(Out):
    """An account's role in a list."""

    list_id: UUID
    account_id: UUID
    role: Role
    version: int


class NewTask(Body):
    """A task to be made. `after_id` left out: last."""

    id: ClientId | None = None
    title: Title
    parent_id: UUID | None = None
    notes: Notes = ""
    done: StrictBool = False
    due: Due | None = None
    priority: Priority = 0
    labels: Labels = Field([])
    assignee_ids: Assignees = Field([])
    after_id: Place = None


class TaskPatch(Body):
    """What of a task shall change. `after_id` moves it."""

    title: Title = absent()
    parent_id: UUID | None = None
    notes: Notes = absent()
    done: StrictBool = absent()
    due: Due | None = None
    priority: Priority = absent()
    labels: Labels = absent()
    assignee_ids: Assignees = absent()
    after_id: Place = None


class Task(Out):
    """A task. `position` orders the tasks of a list by its bytes; `done_at` is when it was last ticked."""

    id: UUID
    list_id: UUID
    parent_id: UUID | None
    title: str
    notes: str
    done: bool
    done_at: Timestamp | None
    due: Timestamp | None
    priority: int
    labels: list[str]
    assignee_ids: list[UUID]
    position: str
    version: int


class Event(Out):
    """One entry of a list's log. `data` is the resource after the change; once deleted, id and version."""

    seq: int
    kind: Literal[
        "list.updated",
        "list.deleted",
        "member.put",
        "member.removed",
        "task.created",
        "task.updated",
        "task.deleted",
    ]
    at: Timestamp
    actor_id: UUID | None
    resource_id: UUID
    data: dict[str, Any]
