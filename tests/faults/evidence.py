"""What the checker's rules look at: states, changes and memberships, read out of the logs."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.faults.record import Stay
from tests.faults.truth import Entry, History
from tests.faults.view import View

Change = tuple[str, str, str, str]
"""Log, kind, resource, and the text that an update brought."""
ALL = "all"


def fold(log: Iterable[Entry]) -> View:
    """The state that a log leads to."""
    view = View()
    for entry in log:
        if entry.kind in ("list.deleted", "room.deleted"):
            view.items = {}
        elif entry.data:
            view.apply(entry.seq, entry.kind, entry.data)
    return view


def states(logs: dict[str, list[Entry]]) -> dict[str, View]:
    """What each list and each room must be. How a list began stands in the log of all lists."""
    made = {entry.resource: entry for entry in logs.get("todo/lists", []) if entry.kind == "list.created"}
    found: dict[str, View] = {}
    for name, log in logs.items():
        if name.startswith("todo/list:"):
            first = made.get(name.removeprefix("todo/list:"))
            found[name] = fold([*([first] if first else []), *log])
        elif name.startswith("chat/room:"):
            found[name] = fold(log)
    return found


def roles(view: View) -> dict[str, str]:
    return {account: member["role"] for account, member in view.items.get("member", {}).items()}


def stays(history: History) -> Iterator[Stay]:
    return (stay for record in history.records for stay in record.stays)


def access(log: list[Entry]) -> list[tuple[int, str, str]]:
    """Who came to which role, or to none, at which number."""
    found = []
    for entry in log:
        if entry.kind == "member.put":
            found.append((entry.seq, entry.resource, str(entry.data["role"])))
        elif entry.kind == "member.removed":
            found.append((entry.seq, entry.resource, ""))
        elif entry.kind in ("list.deleted", "room.deleted"):
            found.append((entry.seq, ALL, ""))
    return found


def changes(logs: dict[str, list[Entry]]) -> Counter[Change]:
    """How often each change was made. An update that leaves the text as it was is something else's effect."""
    made: Counter[Change] = Counter()
    for name, log in logs.items():
        texts: dict[str, str] = {}
        for entry in log:
            text = text_of(entry)
            if not entry.kind.endswith(".updated"):
                made[name, entry.kind, entry.resource, ""] += 1
            elif text and text != texts.get(entry.resource):
                made[name, entry.kind, entry.resource, text] += 1
            if text:
                texts[entry.resource] = text
    return made


def text_of(entry: Entry) -> str:
    return str(entry.data.get("title") or entry.data.get("body") or "")


def emptied(logs: dict[str, list[Entry]]) -> set[tuple[str, str]]:
    """Resources of which the log no longer says what they were."""
    return {(name, entry.resource) for name, log in logs.items() for entry in log if not entry.data}
