"""What the clients of the load do in rooms: they say something, change it, take it back, and read."""

from collections.abc import Callable

from tests.faults.client import fresh
from tests.faults.loading import ROOMS
from tests.faults.member import Member
from tests.faults.record import Json, Write, log_name
from tests.faults.view import View, is_gone


class Messages:
    """Each method is one action of a client. `text` gives something that nobody else would write."""

    def __init__(self, text: Callable[[Member], str]) -> None:
        self._text = text

    async def send(self, member: Member) -> None:
        """Say something."""
        if (chosen := self._some_room(member)) is None:
            return
        room_id, _ = chosen
        message_id, body = fresh(), self._text(member)
        wanted = Write(log_name(f"room:{room_id}"), "message.created", message_id, body)
        sent = await member.client.write(
            wanted, "POST", f"{ROOMS}/{room_id}/messages", json={"id": message_id, "body": body}
        )
        if "number" in sent:
            member.has_read(room_id, sent["number"])
        else:
            member.unsure_what_is_read(room_id)

    async def edit(self, member: Member) -> None:
        """Put other words in the place of one's own."""
        if (chosen := self._own_message(member)) is None:
            return
        room_id, message = chosen
        wanted = Write(log_name(f"room:{room_id}"), "message.updated", message["id"], self._text(member))
        path = f"{ROOMS}/{room_id}/messages/{message['id']}"
        await member.client.write(
            wanted, "PATCH", path, match=message["version"], json={"body": wanted.token}
        )

    async def delete(self, member: Member) -> None:
        """Take one's own words back."""
        if (chosen := self._own_message(member)) is None:
            return
        room_id, message = chosen
        wanted = Write(log_name(f"room:{room_id}"), "message.deleted", message["id"])
        await member.client.write(wanted, "DELETE", f"{ROOMS}/{room_id}/messages/{message['id']}")

    async def mark_read(self, member: Member) -> None:
        """Everything in a room that is on screen has been read."""
        if (chosen := self._some_room(member)) is None:
            return
        room_id, view = chosen
        number = max((each["number"] or 0 for each in view.items.get("message", {}).values()), default=0)
        answer = await member.client.send("PUT", f"{ROOMS}/{room_id}/read", json={"number": number})
        if answer.status_code == 204:
            member.has_read(room_id, number)
        else:
            member.unsure_what_is_read(room_id)

    def _some_room(self, member: Member) -> tuple[str, View] | None:
        rooms = sorted(member.rooms().items())
        return member.chance.choice(rooms) if rooms else None

    def _own_message(self, member: Member) -> tuple[str, Json] | None:
        chosen = self._some_room(member)
        messages = chosen[1].items.get("message", {}) if chosen else {}
        mine = [
            message
            for _, message in sorted(messages.items())
            if message["author_id"] == member.client.id
            and message["kind"] == "message"
            and not is_gone(message)
        ]
        return (chosen[0], member.chance.choice(mine)) if chosen and mine else None
