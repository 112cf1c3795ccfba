"""Who is writing: a signal to everyone in the room, so often and not more; nothing of it is kept."""

from collections.abc import Callable
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from chat.presence import Presence
from chat.topics import room_of
from common.log.frames import Typing
from common.socket import Socket

Send = Callable[[str, str, dict[str, Any]], None]
"""Sends a signal of a kind to whoever follows a topic."""


class TypingSignals:
    """Passes on that somebody is writing; a client that says so at every key is heard at intervals."""

    def __init__(self, presence: Presence, send: Send, interval: float) -> None:
        self._presence = presence
        self._send = send
        self._interval = interval
        self._heard: WeakKeyDictionary[Socket, dict[str, float]] = WeakKeyDictionary()

    async def heard(self, socket: Socket, frame: Typing) -> None:
        """Only who follows the room may; a subscription that is still being checked is not enough."""
        topic = frame.topic
        if topic not in socket.topics or room_of(topic) is None:
            socket.refuse(frame.op, topic, "not-found", "Subscribe to the room first.")
            return
        last = self._heard.setdefault(socket, {})
        if self._presence.follows(socket, topic) and monotonic() - last.get(topic, 0) >= self._interval:
            last[topic] = monotonic()
            self._send(topic, "typing", {"account_id": str(socket.account_id)})
