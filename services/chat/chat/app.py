"""Chat put together: its routes, what it follows, what its sockets can do."""

import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

from common.accounts import accounts_feed
from common.app import Runtime, Service, create_app
from fastapi import FastAPI
from sqlalchemy import ColumnElement

from chat.actions import following
from chat.models import Base, accounts
from chat.presence import Presence
from chat.routes import members, messages, reading, rooms
from chat.settings import Settings
from chat.signals import TypingSignals
from chat.store.rooms import is_member
from chat.topics import room_of
from common.follow import Feed
from common.live import Socket
from common.log.frames import Focus, Typing
from common.settings import load


class Local:
    """What a process of chat keeps beside its database."""

    def __init__(self, presence: Presence, typing: TypingSignals) -> None:
        self.presence = presence
        self.typing = typing


@contextlib.asynccontextmanager
async def _setup(rt: Runtime[Settings, Local]) -> AsyncIterator[Local]:
    presence = Presence(rt.redis, rt.hub.bus, rt.settings)
    async with presence.running():
        yield Local(presence, TypingSignals(presence, rt.settings.typing_interval))


def _access(account_id: UUID, topic: str) -> ColumnElement[bool] | None:
    room_id = room_of(topic)
    return None if room_id is None else is_member(account_id, room_id)
