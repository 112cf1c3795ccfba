"""Who is writing: a signal to everyone in the room, so often and not more; nothing of it is kept."""

from time import monotonic
from weakref import WeakKeyDictionary

from common.app import Runtime

from chat.presence import Presence
from chat.topics import room_of
from common.live import Socket
from common.log.frames import Typing


class TypingSignals:
    """Passes on that somebody is writing; a client that says so at every key is heard at intervals."""

    def __init__(self, presence: Presence, interval: float) -> None:
        self._presence = presence
        self._interval = interval
        self._heard: WeakKeyDictionary[Socket, dict[str, float]] = WeakKeyDictionary()

    async def typing(self, rt: Runtime, socket: Socket, frame: Typing) -> None:
        """Only who follows the room may; a subscription that is still being checked is not enough."""
        if frame.topic not in socket.topics or room_of(frame.topic) is None:
            socket.refuse(frame.op, frame.topic, "not-found", "Subscribe to the room first.")
            return
        heard = self._heard.setdefault(socket, {})
        if (
            self._presence.follows(socket, frame.topic)
            and monotonic() - heard.get(frame.topic, 0) >= self._interval
        ):
            heard[frame.topic] = monotonic()
            await rt.signal(frame.topic, "typing", {"account_id": str(socket.account_id)})
