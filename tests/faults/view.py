"""What a client shows of one list or room: loaded over HTTP, then kept by events."""

from typing import Any

Json = dict[str, Any]
Items = dict[str, Json]
PUT = ("created", "updated", "put", "added")


class View:
    """The resources of one topic by noun ("task", "member", …) and id, and where the log stands."""

    def __init__(self) -> None:
        self.seq = 0
        self.epoch = ""
        self.items: dict[str, Items] = {}
        self.vague = False  # a message was seen only after it had been deleted: its number is unknown

    def load(self, seq: int, epoch: str, items: dict[str, Items]) -> None:
        """Begin with what HTTP gave."""
        self.seq, self.epoch, self.items = seq, epoch, items

    def apply(self, seq: int, kind: str, data: Json) -> None:
        """One event. What is loaded already may be newer than it."""
        self.seq = seq
        noun, verb = kind.split(".")
        items = self.items.setdefault(noun, {})
        name = str(data["account_id"] if noun == "member" else data["id"])
        known = items.get(name)
        if known is not None and known["version"] >= data["version"]:
            return
        if verb in PUT:
            if data.keys() != {"id", "version"}:  # else it was emptied: its deletion follows
                items[name] = data
            elif noun == "message":
                self.vague = True
        elif kind == "message.deleted":
            if known is not None:
                items[name] = known | {"body": "", "reactions": [], "version": data["version"], "gone": True}
        else:
            items.pop(name, None)

    def comparable(self) -> dict[str, Items]:
        """Without what a client that came later need not know: deleted messages, and empty nouns."""
        found = {
            noun: {name: item for name, item in items.items() if not is_gone(item)}
            for noun, items in self.items.items()
        }
        return {noun: items for noun, items in found.items() if items}


def is_gone(item: Json) -> bool:
    """Whether it is a message that was deleted."""
    return bool(item.get("gone") or item.get("deleted_at"))
