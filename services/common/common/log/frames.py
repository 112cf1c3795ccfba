"""Every frame of the live protocol; these models generate the TypeScript types. Extra fields are
forbidden."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from common.schemas import Epoch, Timestamp

Topic = Annotated[str, StringConstraints(min_length=1, max_length=96, pattern=r"^[a-z]+(:[0-9a-f-]{36})?$")]


class Frame(BaseModel):
    """Base of all frames."""

    model_config = ConfigDict(extra="forbid")


class Auth(Frame):
    """First frame of a socket, and again before the token expires (same account and session)."""

    op: Literal["auth"]
    token: Annotated[str, StringConstraints(max_length=8192)]


class Subscribe(Frame):
    """Follow a topic; with `after` (and its `epoch`) from there on, else from now on."""

    op: Literal["subscribe"]
    topic: Topic
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    epoch: Epoch | None = None

    @model_validator(mode="after")
    def _after_with_epoch(self) -> "Subscribe":
        if self.after and self.epoch is None:
            raise ValueError("after must come with epoch")
        return self


class Unsubscribe(Frame):
    """Follow it no longer."""

    op: Literal["unsubscribe"]
    topic: Topic


class Focus(Frame):
    """chat: which room is on screen, so that its presence is sent."""

    op: Literal["focus"]
    topic: Topic | None


class Typing(Frame):
    """chat: somebody is writing in a room."""

    op: Literal["typing"]
    topic: Topic


class Ping(Frame):
    """Answered with a pong."""

    op: Literal["ping"]


ClientFrame = Annotated[Auth | Subscribe | Unsubscribe | Focus | Typing | Ping, Field(discriminator="op")]
client_frame: TypeAdapter[Auth | Subscribe | Unsubscribe | Focus | Typing | Ping] = TypeAdapter(ClientFrame)


class Ready(Frame):
    """The token was accepted."""

    op: Literal["ready"] = "ready"
    account_id: UUID
    expires_at: Timestamp


class Subscribed(Frame):
    """The topic is followed. Not recovered: load the state over HTTP. Also sent unasked when an open one is
    overtaken."""

    op: Literal["subscribed"] = "subscribed"
    topic: str
    seq: int
    epoch: str
    recovered: bool


class EventFrame(Frame):
    """One event; per topic strictly consecutive. `data` is the resource after the change."""

    op: Literal["event"] = "event"
    topic: str
    seq: int
    kind: str
    at: Timestamp
    actor_id: UUID | None
    data: dict[str, Any]


class Signal(Frame):
    """Something ephemeral, without a number."""

    op: Literal["signal"] = "signal"
    topic: str
    kind: Literal["presence", "typing", "read"]
    data: dict[str, Any]


class Unsubscribed(Frame):
    """Access ended: nothing of the topic follows."""

    op: Literal["unsubscribed"] = "unsubscribed"
    topic: str
    reason: Literal["removed", "deleted"]


class ErrorFrame(Frame):
    """A frame was refused; the socket lives."""

    op: Literal["error"] = "error"
    ref_op: str | None
    topic: str | None
    code: Literal["not-found", "too-many-topics", "invalid-frame"]
    detail: str


class Pong(Frame):
    """Answer to a ping."""

    op: Literal["pong"] = "pong"


ServerFrame = Annotated[
    Ready | Subscribed | EventFrame | Signal | Unsubscribed | ErrorFrame | Pong, Field(discriminator="op")
]
server_frame: TypeAdapter[Ready | Subscribed | EventFrame | Signal | Unsubscribed | ErrorFrame | Pong] = (
    TypeAdapter(ServerFrame)
)


class Close:
    """Close codes: 4000 to 4499 come back, 4500 to 4999 do not."""

    GOING_AWAY = 4001
    TOO_SLOW = 4002
    NO_AUTH = 4003
    TOKEN_EXPIRED = 4004
    REFUSED = 4500
    PROTOCOL_VIOLATION = 4501
    ORIGIN_REFUSED = 4503
