"""The search across all lists of one account."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from common.schemas import encode
from todo.due import Span
from todo.models import Assignee, Member, Task
from todo.store.pages import behind

FOLDED = "utf8mb4_unicode_520_ci"
"""The collation in which words are compared as people compare them, on MySQL and MariaDB alike."""


@dataclass(frozen=True)
class Wanted:
    """Which tasks are asked for; None: any."""

    due: Span | None = None
    assignee_id: UUID | None = None
    label: str | None = None
    words: str | None = None
    done: bool | None = None


class Place(NamedTuple):
    """A task's place in the order of a search: by list, then as in the list."""

    list_id: UUID
    position: str
    task_id: UUID


class Found(NamedTuple):
    """Tasks as bytes, and where the next page begins."""

    items: list[bytes]
    next: Place | None


async def tasks(
    conn: AsyncConnection, account_id: UUID, wanted: Wanted, after: Place | None, limit: int
) -> Found:
    """Tasks of the account's lists, list by list in their order, so that each page is read along an index."""
    query = (
        select(Task.data, Task.list_id, Task.position, Task.id)
        .join(Member, Member.list_id == Task.list_id)
        .where(Member.account_id == account_id, Task.position.is_not(None), *_conditions(wanted))
    )
    if after is not None:
        further = and_(Task.list_id == after.list_id, behind((after.position, after.task_id)))
        query = query.where(Member.list_id >= after.list_id, or_(Member.list_id > after.list_id, further))
    rows = (await conn.execute(query.order_by(Member.list_id, Task.position, Task.id).limit(limit + 1))).all()
    last = rows[limit - 1] if len(rows) > limit else None
    following = None if last is None else Place(last.list_id, last.position.decode(), last.id)
    return Found([row.data for row in rows[:limit]], following)


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.due is not None:
        yield from _due(wanted.due)
    if wanted.assignee_id is not None:
        assigned = select(Assignee.task_id).where(
            Assignee.list_id == Task.list_id,
            Assignee.task_id == Task.id,
            Assignee.account_id == wanted.assignee_id,
        )
        yield assigned.exists()
    if wanted.label is not None:
        yield func.json_contains(Task.labels, encode(wanted.label).decode()) == 1
    if wanted.words:
        yield or_(*(_contains(text, wanted.words) for text in (Task.title, Task.notes)))
    if wanted.done is not None:
        yield Task.done.is_(wanted.done)


def _due(span: Span) -> Iterator[ColumnElement[bool]]:
    if span == Span(None, None):
        yield Task.due.is_(None)
    if span.start is not None:
        yield Task.due >= span.start
    if span.end is not None:
        yield Task.due < span.end


def _contains(text: InstrumentedAttribute[str], words: str) -> ColumnElement[bool]:
    return text.collate(FOLDED).contains(words, autoescape=True)
