"""What chat reads and answers: rooms, members, messages, read positions."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints
from pydantic_core import PydanticCustomError

from common.errors import Invalid
from common.schemas import Body, CleanStr, ClientId, Out, Timestamp

Role = Literal["owner", "editor", "viewer"]
RoomKind = Literal["list", "group", "direct"]

MAX_EMOJI = 20
"""How many different emoji one message can carry."""

_SYMBOL = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004-\U0001f1e5\U0001f200-\U0001faff"
)
_ELEMENT = (
    f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|[#*0-9]\ufe0f?\u20e3"
    f"|[{_SYMBOL}]\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*)"
)
_EMOJI = re.compile(f"{_ELEMENT}(?:\u200d{_ELEMENT}){{0,9}}")


def one_emoji(emoji: str) -> str:
    """An emoji as UTS 51 spells them: flags, keycaps, symbols with their modifiers, joined sequences."""
    if len(emoji) > 32 or not _EMOJI.fullmatch(emoji):
        raise Invalid.field("emoji", "not-an-emoji", "must be one emoji")
    return emoji


def _not_blank(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return value


Title = Annotated[CleanStr, StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank)]
MessageText = Annotated[
    CleanStr, StringConstraints(min_length=1, max_length=10_000), AfterValidator(_not_blank)
]


def _absent() -> Any:
    """Of a patch: a field that may be left out, but not be null."""
    return Field(default_factory=lambda: None)


class GroupCreate(Body):
    """A room of people who choose each other."""

    kind: Literal["group"]
    id: ClientId | None = None
    title: Title


class DirectCreate(Body):
    """The room of the caller and one other person; there is only one."""

    kind: Literal["direct"]
    account_id: UUID


class ListRoomCreate(Body):
    """Always refused: the room of a list comes and goes with the list."""

    kind: Literal["list"]
    id: ClientId | None = None
    list_id: UUID | None = None
    title: Title | None = None


RoomCreate = Annotated[GroupCreate | DirectCreate | ListRoomCreate, Field(discriminator="kind")]


class RoomPatch(Body):
    """The fields of a group that can change."""

    title: Title = _absent()


class MemberPut(Body):
    """What a member may do."""

    role: Role


class MessageCreate(Body):
    """Something to say: in the room, in the thread of a message, or in the discussion of a task."""

    id: ClientId | None = None
    body: MessageText
    thread_id: UUID | None = None
    task_id: UUID | None = None


class MessagePatch(Body):
    """The new text of a message."""

    body: MessageText = _absent()


class ReadPosition(Body):
    """How far the caller has read: a number beyond the last means all; it moves back only with `force`."""

    number: StrictInt = Field(ge=0, le=2**53)
    force: StrictBool = False


class Room(Out):
    """A room as events carry it: nothing in it depends on who reads."""

    id: UUID
    kind: RoomKind
    list_id: UUID | None
    title: str | None
    account_ids: list[UUID] | None = Field(description="the two people of a direct room")
    version: int


class RoomView(Room):
    """A room as its reader gets it."""

    my_role: Role


class Member(Out):
    """A person in a room."""

    room_id: UUID
    account_id: UUID
    role: Role
    version: int


class Activity(Out):
    """What happened to the list that the room belongs to."""

    kind: Literal["list.created", "list.renamed", "member.added", "member.changed", "member.removed"]
    account_id: UUID | None
    title: str | None
    role: Role | None


class Reaction(Out):
    """Who answered a message with an emoji, in the order in which they did."""

    emoji: str
    account_ids: list[UUID]


class Message(Out):
    """Something said in a room, or (kind `activity`) what happened to its list."""

    id: UUID
    room_id: UUID
    seq: int = Field(description="the number of the event that created it: its place in the room")
    number: int | None = Field(
        description="1, 2, 3, … in the room; none for activity lines and thread replies"
    )
    kind: Literal["message", "activity"]
    author_id: UUID | None
    body: str
    thread_id: UUID | None = Field(description="the message that it answers, or the task that it discusses")
    task_id: UUID | None
    activity: Activity | None
    created_at: Timestamp
    edited_at: Timestamp | None
    deleted_at: Timestamp | None
    reactions: list[Reaction]
    version: int


class Event(Out):
    """One entry of a room's log. `data` is the resource after the change; once deleted, id and version."""

    seq: int
    kind: Literal[
        "room.updated",
        "room.deleted",
        "member.put",
        "member.removed",
        "message.created",
        "message.updated",
        "message.deleted",
    ]
    at: Timestamp
    actor_id: UUID | None
    resource_id: UUID
    data: dict[str, Any]


class Unread(Out):
    """How much of a room its reader has not seen: `last_number - read_number`."""

    room_id: UUID
    unread: int
    last_number: int
    read_number: int


class UnreadRooms(Out):
    """The read positions of all rooms of the caller."""

    items: list[Unread]
