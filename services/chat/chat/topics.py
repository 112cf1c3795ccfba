"""The names of chat's topics and the ids that follow from other things."""

from uuid import UUID

from common.ids import derived_id

ROOM = "room:"


def room_topic(room_id: UUID) -> str:
    """The topic of a room: its title, its members, its messages."""
    return f"{ROOM}{room_id}"


def user_topic(account_id: UUID) -> str:
    """The topic of a person: which rooms came and went."""
    return f"user:{account_id}"


def room_of(topic: str) -> UUID | None:
    """The room that a topic is about, or None when it is not a room's topic."""
    if not topic.startswith(ROOM):
        return None
    try:
        room_id = UUID(topic.removeprefix(ROOM))
    except ValueError:
        return None
    return room_id if room_topic(room_id) == topic else None


def list_room_id(list_id: UUID) -> UUID:
    """The id of the room of a list: there is exactly one, known to everyone before it exists."""
    return derived_id("list-room", list_id)


def direct_room_id(one: UUID, other: UUID) -> UUID:
    """The id of the room of two people, whoever of them opens it."""
    return derived_id("direct-room", *sorted((one, other)))
