"""Chat put together: its routes, what it follows, what its sockets can do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from chat.actions import following
from chat.models import Member, accounts
from chat.presence import Presence
from chat.routes import ROUTERS, messages
from chat.settings import Settings
from chat.signals import TypingSignals
from chat.topics import room_of
from common.accounts import accounts_feed
from common.app import create_app, create_worker
from common.conversation import Op
from common.follow import Feed
from common.live import Hook
from common.log.access import Members
from common.runtime import Runtime
from common.service import Service
from common.settings import load


@dataclass(frozen=True)
class Local:
    """What a process of chat keeps beside its database."""

    presence: Presence
    typing: TypingSignals


@asynccontextmanager
async def _setup(rt: Runtime) -> AsyncIterator[Local]:
    settings = rt.settings
    assert isinstance(settings, Settings)  # noqa: S101 - service() below takes no other
    presence = Presence(rt.redis, rt.bus, settings)
    async with presence.running():
        yield Local(presence, TypingSignals(presence, rt.bus.signal, settings.typing_interval))


# Sockets come after the set-up, so `rt.local` is looked up when one speaks.
def _live_ops(rt: Runtime) -> dict[str, Op]:
    return {
        "focus": lambda socket, frame: rt.local.presence.focus(socket, frame),
        "typing": lambda socket, frame: rt.local.typing.heard(socket, frame),
    }


def _on_subscribe(rt: Runtime) -> Hook:
    return lambda socket, topic: rt.local.presence.subscribed(socket, topic)


def _on_unsubscribe(rt: Runtime) -> Hook:
    return lambda socket, topic: rt.local.presence.unsubscribed(socket, topic)


def service(settings: Settings) -> Service:
    """The service's parts."""
    return Service(
        name="chat",
        settings=settings,
        routers=ROUTERS,
        direct=[messages.create_message],
        access=Members(room_of, Member.room_id, Member.account_id),
        follows=lambda _: [
            accounts_feed(accounts),
            Feed("todo", "lists", following.apply, following.restore, following.retain),
        ],
        live_ops=_live_ops,
        on_subscribe=_on_subscribe,
        on_unsubscribe=_on_unsubscribe,
        setup=_setup,
    )


def build() -> FastAPI:
    """The application, from the environment. Touches neither database nor network."""
    return create_app(service(load(Settings)))


def build_worker() -> FastAPI:
    """The background work, from the environment."""
    return create_worker(service(load(Settings)))
