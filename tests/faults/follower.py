"""A client's live socket of one service: it follows topics, comes back by itself and resumes where it was."""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.faults.client import Client
from tests.faults.record import Received, Stay, log_name
from tests.faults.view import View

BACK_SECONDS = 0.3  # at most this before coming back, by chance
SILENCE_SECONDS = 4.0  # without an answer to a ping the connection is dead, whatever TCP says

Load = Callable[[str], Awaitable[View | None]]
"""Fetches a topic over HTTP; None when it is not there, or not ours."""
Changed = Callable[[str], None]
"""Is told of a topic that was loaded, has changed, or was lost."""


class Follower:
    """Views of the topics it follows; a topic that is lost has no view any more."""

    def __init__(
        self, client: Client, service: str, load: Load, changed: Changed, replica: int | None = None
    ) -> None:
        self.views: dict[str, View] = {}
        self._client = client
        self._service = service
        self._load = load
        self._changed = changed
        self._replica = replica
        self._wanted: set[str] = set()
        self._stays: dict[str, Stay] = {}  # topic → the subscription that stands
        self._asked: dict[str, tuple[int, str]] = {}
        self._socket: ClientConnection | None = None
        self._loading: dict[str, asyncio.Task[None]] = {}

    def follow(self, topic: str) -> None:
        """Load the topic, then follow it; nothing happens when that is done already."""
        if topic not in self._wanted:
            self._wanted.add(topic)
            self._reload(topic)

    async def knock(self, topic: str) -> None:
        """Ask for a topic that is not ours; should it be granted, what comes is written down."""
        if self._socket is not None and topic not in self._wanted:
            with contextlib.suppress(WebSocketException):
                await _say(self._socket, op="subscribe", topic=topic)

    @property
    def settled(self) -> bool:
        """Whether every topic that is wanted is loaded and followed."""
        return not self._loading and self._stays.keys() >= self._wanted

    async def run(self) -> None:
        """Follow until cancelled."""
        address = f"/api/{self._service}/live"
        while True:
            url = self._client.address(address, self._replica).replace("http", "ws", 1)
            try:
                async with connect(
                    url,
                    proxy=None,
                    compression=None,
                    open_timeout=3,
                    close_timeout=0.2,
                    ping_interval=SILENCE_SECONDS / 2,
                    ping_timeout=SILENCE_SECONDS / 2,
                ) as socket:
                    await self._serve(socket)
            except (OSError, WebSocketException, TimeoutError):
                pass
            finally:
                self._socket = None
                self._stays.clear()
                self._asked.clear()
            await asyncio.sleep(self._client.chance.uniform(0, BACK_SECONDS))

    async def _serve(self, socket: ClientConnection) -> None:
        session = self._client.session
        await _say(socket, op="auth", token=self._client.token)
        async for text in socket:
            frame = json.loads(text)
            match frame["op"]:
                case "ready":
                    self._socket = socket
                    for topic in self.views.keys() - self._loading.keys():
                        await self._subscribe(topic)
                case "subscribed":
                    self._begin(frame, session)
                case "event":
                    self._take(frame)
                case "unsubscribed" | "error":
                    self._lose(frame["topic"])

    async def _subscribe(self, topic: str) -> None:
        view = self.views.get(topic)
        if self._socket is not None and view is not None and topic not in self._asked:
            self._stays.pop(topic, None)  # what still comes of it is of no interest
            self._asked[topic] = (view.seq, view.epoch)
            await _say(self._socket, op="subscribe", topic=topic, after=view.seq, epoch=view.epoch)

    def _begin(self, frame: dict[str, Any], session: str) -> None:
        topic = frame["topic"]
        stay = Stay(
            self._client.id,
            session,
            log_name(topic, self._service),
            self._asked.pop(topic, None),
            frame["seq"],
            frame["epoch"],
            frame["recovered"],
        )
        self._client.record.stays.append(stay)
        self._stays[topic] = stay
        if topic in self._wanted and not stay.recovered:
            self._reload(topic)

    def _take(self, frame: dict[str, Any]) -> None:
        topic = frame["topic"]
        stay, view = self._stays.get(topic), self.views.get(topic)
        if stay is None:
            return
        event = Received(frame["seq"], frame["kind"], frame["data"], time.monotonic())
        stay.events.append(event)
        if view is not None and topic not in self._loading:
            view.apply(event.seq, event.kind, event.data)
            self._client.saw(log_name(topic, self._service), event.seq)
            self._changed(topic)

    def _lose(self, topic: str) -> None:
        self._wanted.discard(topic)
        self.views.pop(topic, None)
        self._stays.pop(topic, None)
        self._asked.pop(topic, None)
        if (task := self._loading.pop(topic, None)) is not None:
            task.cancel()
        self._changed(topic)

    def _reload(self, topic: str) -> None:
        if (task := self._loading.get(topic)) is not None:
            task.cancel()
        self._loading[topic] = asyncio.create_task(self._load_and_follow(topic))

    async def _load_and_follow(self, topic: str) -> None:
        view = await self._load(topic)
        del self._loading[topic]
        if view is None:
            self._lose(topic)
            return
        self.views[topic] = view
        self._changed(topic)
        with contextlib.suppress(WebSocketException):  # it is done again when the socket has come back
            await self._subscribe(topic)


async def _say(socket: ClientConnection, **frame: Any) -> None:
    await socket.send(json.dumps(frame))
