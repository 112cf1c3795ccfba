"""A history written by hand in which everything went well, and what such histories are made of."""

from copy import deepcopy
from uuid import UUID

from chat.topics import list_room_id
from tests.faults.evidence import fold
from tests.faults.record import Read, Received, Record, Stay, Use, Write
from tests.faults.truth import Entry, History, Screen

LIST = "0190c000-0000-7000-8000-000000000001"
ROOM = str(list_room_id(UUID(LIST)))
TODO, CHAT = f"todo/list:{LIST}", f"chat/room:{ROOM}"
ALICE, BOB = "alice", "bob"


def entry(seq: int, kind: str, resource: str, **data: object) -> Entry:
    """An event of a log; what was emptied says nothing."""
    revokes = (resource,) if kind == "member.removed" else None
    name = {"account_id": resource} if kind.startswith("member.") else {"id": resource}
    return Entry(seq, kind, resource, {**name, "version": seq, **data}, revokes)


def put(seq: int, account: str, role: str = "editor") -> Entry:
    """Somebody has become a member."""
    return entry(seq, "member.put", account, role=role)


def message(seq: int, name: str, number: int, body: str) -> Entry:
    """Something was said."""
    return entry(seq, "message.created", name, number=number, body=body, author_id=ALICE)


def good() -> History:
    """Alice has let Bob in and out again; both wrote while they could, and each saw what they should."""
    made = Entry(1, "list.created", LIST, {"id": LIST, "version": 1, "title": "Groceries"}, None)
    todo = [
        put(1, ALICE, "owner"),
        put(2, BOB),
        entry(3, "task.created", "t1", title="Milk"),
        entry(4, "task.updated", "t1", title="Oat milk"),
        entry(5, "member.removed", BOB),
        entry(6, "task.created", "t2", title="Bread"),
    ]
    chat = [
        entry(1, "room.updated", ROOM, title="Groceries"),
        put(2, ALICE, "owner"),
        put(3, BOB),
        message(4, "m1", 1, "Hello"),
        entry(5, "member.removed", BOB),
    ]
    alice, bob = Record(ALICE), Record(BOB)
    alice.writes = [
        Write(TODO, "task.created", "t1", "Milk", acknowledged=1.0, version=3),
        Write(TODO, "task.updated", "t1", "Oat milk", acknowledged=2.0, version=4),
        Write(TODO, "task.created", "t2", "Bread", acknowledged=4.0, version=6),
        Write(TODO, "task.created", "t3", "Never", unsure=True, refused="forbidden"),
        Write(CHAT, "message.created", "m1", "Hello", acknowledged=3.0, version=4),
    ]
    alice.reads = [Read(TODO, 4, 4)]
    alice.sessions = {"alice-1": 10.0}
    alice.stays = [stay(ALICE, TODO, 2, todo[2:], asked=2), stay(ALICE, CHAT, 3, chat[3:])]
    bob.stays = [stay(BOB, TODO, 3, todo[3:4]), stay(BOB, CHAT, 3, chat[3:4])]
    bob.uses = [Use("room", "chat", 5.0, 5.5, True), Use("room", "chat", 5.0, 6.5, False)]
    logs = {"todo/lists": [made], TODO: todo, CHAT: chat}
    history = History([alice, bob], logs, {name: len(log) for name, log in logs.items()})
    unread = {ROOM: {"room_id": ROOM, "unread": 0, "last_number": 1, "read_number": 1}}
    for account in (ALICE, BOB):
        there = account == ALICE
        own: dict[str, set[str]] = {"todo": {LIST}, "chat": {ROOM}} if there else {}
        views = {TODO: fold([made, *todo]), CHAT: fold(chat)} if there else {}
        screen = Screen(own, views, unread if there else {})
        screens = [deepcopy(screen) for _ in range(3)]
        history.screens[account], history.fresh[account] = screens[0], screens[1:]
    return history


def stay(account: str, log: str, seq: int, events: list[Entry], *, asked: int | None = None) -> Stay:
    """A subscription that got these events."""
    place = None if asked is None else (asked, "e")
    received = [Received(each.seq, each.kind, each.data, float(each.seq)) for each in events]
    return Stay(account, f"{account}-1", log, place, seq, "e", True, received)
