"""What most people would write: FastAPI with `def` routes and SQLAlchemy's ORM on PyMySQL, one commit a
request. `python -m bench.peers.crud`."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, PlainSerializer, field_validator
from sqlalchemy import DateTime, LargeBinary, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from bench.peers.serving import serve
from bench.peers.tokens import Tokens
from common.ids import UUIDType

engine = create_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=20)
new_session = sessionmaker(engine, expire_on_commit=False)
tokens = Tokens()


class Base(DeclarativeBase):
    """The tables of this peer."""


class Member(Base):
    """Who may see a list."""

    __tablename__ = "members"
    list_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    role: Mapped[str]


class TaskColumns:
    """What a task is, in both tables."""

    list_id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    id: Mapped[UUID] = mapped_column(UUIDType, primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(UUIDType)
    title: Mapped[str] = mapped_column(String(500))
    notes: Mapped[str]
    done: Mapped[bool]
    due: Mapped[datetime | None] = mapped_column(DateTime)
    priority: Mapped[int]
    labels: Mapped[str]
    position: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    version: Mapped[int]


class Task(TaskColumns, Base):
    """The tasks that our todo service has."""

    __tablename__ = "tasks"
    deleted_at: Mapped[datetime | None]


class PlainTask(TaskColumns, Base):
    """The tasks that this peer makes."""

    __tablename__ = "plain_tasks"
    creator_id: Mapped[UUID] = mapped_column(UUIDType)


class Topic(Base):
    """Where a list's log stands, so that the answer is the same as ours."""

    __tablename__ = "topics"
    topic: Mapped[bytes] = mapped_column(LargeBinary(64), primary_key=True)
    seq: Mapped[int]
    epoch: Mapped[bytes] = mapped_column(LargeBinary(16))


Moment = Annotated[
    datetime, PlainSerializer(lambda at: at.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z"))
]


class TaskOut(BaseModel):
    """A task as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    list_id: UUID
    parent_id: UUID | None
    title: str
    notes: str
    done: bool
    done_at: Moment | None = None
    due: Moment | None
    priority: int
    labels: list[str]
    assignee_ids: list[UUID] = []
    position: str
    version: int

    @field_validator("labels", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value


class Page(BaseModel):
    """A page as it is answered."""

    items: list[TaskOut]
    next: str | None
    seq: int
    epoch: str


class NewTask(BaseModel):
    """A task to be made."""

    title: str
    notes: str = ""
    priority: int = 0


def session() -> Iterator[Session]:
    """One session a request."""
    with new_session() as opened:
        yield opened


def account(authorization: Annotated[str | None, Header()] = None) -> UUID:
    """Who is asking."""
    claims = tokens.claims(authorization)
    if claims is None:
        raise HTTPException(401)
    return UUID(claims["sub"])


Db = Annotated[Session, Depends(session)]
Me = Annotated[UUID, Depends(account)]
app = FastAPI()


@app.get("/ready")
def ready() -> None:
    """It answers."""


@app.get("/api/todo/lists/{list_id}/tasks")
def list_tasks(list_id: UUID, db: Db, me: Me, limit: int = 50) -> Page:
    """A page by position, for a member."""
    if db.get(Member, (list_id, me)) is None:
        raise HTTPException(404)
    topic = db.get_one(Topic, f"list:{list_id}".encode())
    query = select(Task).where(Task.list_id == list_id, Task.position.is_not(None))
    tasks = db.scalars(query.order_by(Task.position, Task.id).limit(limit)).all()
    items = [TaskOut.model_validate(task) for task in tasks]
    return Page(items=items, next=None, seq=topic.seq, epoch=topic.epoch.decode())


@app.post("/api/todo/lists/{list_id}/tasks", status_code=201)
def create_task(list_id: UUID, body: NewTask, db: Db, me: Me) -> TaskOut:
    """Add a task, as a member."""
    if db.get(Member, (list_id, me)) is None:
        raise HTTPException(404)
    task = PlainTask(
        list_id=list_id,
        id=uuid4(),
        creator_id=me,
        done=False,
        labels="[]",
        position=b"a0",
        version=1,
        **body.model_dump(),
    )
    db.add(task)
    db.commit()
    return TaskOut.model_validate(task)


if __name__ == "__main__":
    serve(app)
