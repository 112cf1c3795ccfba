"""How this service's routes render what actions and the store return, and read what cursors say."""

from typing import Any
from uuid import UUID

from fastapi import Response

from common.etag import etag, json_response
from todo.actions.outcome import Outcome


def made_before(model: type[Any]) -> dict[int | str, dict[str, Any]]:
    """For the documentation of a creation: the answer when the same one was carried out before."""
    return {200: {"model": model, "description": "It was there already; this is how it is now"}}


def reply(outcome: Outcome) -> Response:
    """The resource after an action: 201 when the action made it."""
    return json_response(outcome.data, status=201 if outcome.created else 200, tag=etag(outcome.version))


def position_and_id(position: str, task_id: str) -> tuple[str, UUID]:
    """The place in a list's order that a cursor names."""
    return position, UUID(task_id)
