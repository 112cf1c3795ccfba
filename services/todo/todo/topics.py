"""The names of this service's logs."""

from uuid import UUID

LIST = "list:"
LISTS = "lists"
"""All lists and their members, for the services that follow them."""


def list_topic(list_id: UUID) -> str:
    """The log of one list, its members and its tasks."""
    return f"{LIST}{list_id}"


def user_topic(account_id: UUID) -> str:
    """The log of which lists one account has."""
    return f"user:{account_id}"


def list_of(topic: str) -> UUID | None:
    """The list whose log this is; None when it is no list's, or the id is not written in its one way."""
    kind, _, text = topic.partition(":")
    try:
        list_id = UUID(text)
    except ValueError:
        return None
    return list_id if kind == "list" and topic == list_topic(list_id) else None
