"""How often what is written takes its turn with the database."""

import random
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from chat.actions.sending import SendMessage, send_messages
from chat.schemas import MessageCreate
from chat.topics import list_room_id, room_topic
from common.ids import new_id
from tests.chat.replaying import Chat, Lists, opened


@pytest.fixture
async def chat(new_database: Callable[[], str]) -> AsyncIterator[Chat]:
    """One without the service around it, empty."""
    async with opened(new_database()) as chat:
        yield chat


async def test_only_an_id_that_a_client_has_chosen_is_looked_for(chat: Chat) -> None:
    """What the server makes itself nobody can have taken."""
    lists = Lists(random.Random(1))
    list_id, author = new_id(), lists.people[0]
    lists.create(list_id)
    await chat.apply(*lists.events)
    room_id = list_room_id(list_id)

    async def say(chosen: UUID | None) -> Any:
        body = MessageCreate.model_validate({"body": "x"} if chosen is None else {"body": "x", "id": chosen})
        command = SendMessage(room_id, author, chosen or new_id(), body)
        return await chat.log.write([room_topic(room_id)], lambda tx: send_messages(tx, [command]))

    statements = chat.count_statements()
    await say(None)
    without = len(statements)
    statements.clear()
    await say(new_id())
    assert len(statements) == without + 1
