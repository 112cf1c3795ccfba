"""The checker on histories written by hand: a good one, and each way in which it could have gone wrong."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from uuid import UUID

import pytest

from chat.topics import list_room_id
from common import follow, sessions
from tests.faults.bounds import WITHOUT_REDIS_SECONDS
from tests.faults.checker import RULES, check
from tests.faults.clock import Beat
from tests.faults.evidence import fold
from tests.faults.plan import Fault
from tests.faults.record import Period, Read, Received, Record, Stay, Use, Write
from tests.faults.truth import Entry, History, Screen
from tests.faults.view import View

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


def test_a_good_history_has_no_violation() -> None:
    """And every rule has looked at something."""
    assert check(good()) == []


def lost_write(history: History) -> None:
    """An acknowledged task is not in the log; its number is another's."""
    history.logs[TODO][5] = entry(6, "task.created", "t9", title="Other")


def doubled_write(history: History) -> None:
    """A task was made twice."""
    history.logs[TODO].append(entry(7, "task.created", "t2", title="Bread"))


def refused_write(history: History) -> None:
    """What was refused at once has happened."""
    history.records[0].writes[3].unsure = False
    history.logs[TODO].append(entry(7, "task.created", "t3", title="Never"))


def other_words(history: History) -> None:
    """A message says something else than was sent."""
    history.logs[CHAT][3] = message(4, "m1", 1, "Goodbye")


def other_version(history: History) -> None:
    """The answer to a change named a number that is another's."""
    history.records[0].writes[1].version = 3


def gap_in_the_log(history: History) -> None:
    """A number is missing."""
    del history.logs[TODO][3]


def dropped_event(history: History) -> None:
    """A client has missed one."""
    del history.records[0].stays[0].events[1]


def doubled_event(history: History) -> None:
    """A client got one twice."""
    events = history.records[0].stays[0].events
    events.insert(1, events[1])


def swapped_events(history: History) -> None:
    """A client got two in the wrong order."""
    events = history.records[0].stays[0].events
    events[0], events[1] = events[1], events[0]


def needless_reload(history: History) -> None:
    """A client was sent to load everything although it had missed little."""
    history.records[0].stays[0].recovered = False
    history.records[0].stays[0].events = []


def taken_back(history: History) -> None:
    """A client saw a number with what then was not in the log: it was published before its commit."""
    history.records[0].stays[0].events[3] = Received(6, "task.created", {"id": "t8", "version": 6}, 6.0)


def seen_after_the_end(history: History) -> None:
    """Bob got what came after he was taken out."""
    last = history.logs[TODO][4:]
    history.records[1].stays[0].events += [Received(each.seq, each.kind, each.data, 5.0) for each in last]


def subscribed_after_the_end(history: History) -> None:
    """Bob could follow the list again."""
    history.records[1].stays.append(stay(BOB, TODO, 6, []))


def ended_session(history: History) -> None:
    """A token was good for too long."""
    history.records[0].uses.append(Use("session", "todo", 10.0, 11.2, True))


def ended_session_heard(history: History) -> None:
    """A socket of an ended session got an event."""
    history.records[0].stays[0].events[3].at = 11.2


def open_room(history: History) -> None:
    """Bob could read the room more than a second after the list was closed to him."""
    history.records[1].uses.append(Use("room", "chat", 5.0, 6.2, True))


def open_list(history: History) -> None:
    """Bob could read the list after that was acknowledged."""
    history.records[1].uses.append(Use("list", "todo", 5.0, 5.1, True))


def old_answer(history: History) -> None:
    """A page was older than what its reader had written."""
    history.records[0].reads.append(Read(TODO, 4, 3))


def odd_answer(history: History) -> None:
    """Somebody got a 500."""
    history.records[0].oddities.append("GET /: 500")


def stale_screen(history: History) -> None:
    """A client shows what is no longer so."""
    history.screens[ALICE].views[TODO].items["task"]["t1"]["title"] = "Milk"


def stale_replica(history: History) -> None:
    """A replica answers what is no longer so."""
    del history.fresh[ALICE][1].views[TODO].items["task"]["t2"]


def wrong_unread(history: History) -> None:
    """A client counts other messages as unread than the server does."""
    history.screens[ALICE].unread[ROOM] = {"room_id": ROOM, "unread": 3, "last_number": 4, "read_number": 1}


def missing_list(history: History) -> None:
    """A client does not show a list that is its own."""
    history.screens[ALICE].views.pop(TODO)


def stale_room(history: History) -> None:
    """Bob is still in the room of the list."""
    history.logs[CHAT].pop()
    history.heads[CHAT] = 4


def missing_number(history: History) -> None:
    """The messages of a room are not numbered without a gap."""
    for screen in history.fresh[ALICE]:
        screen.views[CHAT].items["message"]["m1"]["number"] = 2


BREAKS: dict[Callable[[History], None], str] = {
    lost_write: "every_write_is_there_once",
    doubled_write: "every_write_is_there_once",
    refused_write: "every_write_is_there_once",
    other_words: "every_write_says_what_was_sent",
    other_version: "every_write_says_what_was_sent",
    gap_in_the_log: "numbers_have_no_gap",
    dropped_event: "clients_see_consecutive_numbers",
    doubled_event: "clients_see_consecutive_numbers",
    swapped_events: "clients_see_consecutive_numbers",
    needless_reload: "clients_see_consecutive_numbers",
    taken_back: "clients_see_what_the_log_says",
    seen_after_the_end: "nobody_gets_what_follows_the_end_of_their_access",
    subscribed_after_the_end: "nobody_gets_what_follows_the_end_of_their_access",
    ended_session: "an_ended_access_does_nothing",
    ended_session_heard: "an_ended_access_does_nothing",
    open_room: "an_ended_access_does_nothing",
    open_list: "an_ended_access_does_nothing",
    old_answer: "no_answer_is_older_than_what_was_seen",
    odd_answer: "no_answer_is_odd",
    stale_screen: "all_are_equal_in_the_end",
    stale_replica: "all_are_equal_in_the_end",
    wrong_unread: "all_are_equal_in_the_end",
    missing_list: "all_are_equal_in_the_end",
    stale_room: "rooms_follow_their_lists",
    missing_number: "messages_are_numbered",
}


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda each: each.__name__)
def test_what_went_wrong_is_named(break_it: Callable[[History], None]) -> None:
    """Each by the rule that is there for it."""
    history = good()
    break_it(history)
    assert BREAKS[break_it] in {violation.partition(":")[0] for violation in check(history)}


def test_every_rule_has_been_broken() -> None:
    """None is there that could not fail."""
    assert set(BREAKS.values()) == {rule.__name__ for rule in RULES}


@pytest.mark.parametrize(
    ("target", "late", "allowed"),
    [
        ("redis", 2.0, True),
        ("redis", 2.1, False),
        ("auth", 3.0, True),
        ("auth", 3.1, False),
        ("todo", 1.1, False),
        ("clients", 1.1, False),
    ],
)
def test_faults_give_more_time(target: str, late: float, allowed: bool) -> None:
    """Without Redis two seconds; cut off from auth, until a look after that is over; other faults, none."""
    history = good()
    history.periods = [Period(Fault("cut", target), 9.5, 11.0)]
    history.records[0].uses.append(Use("session", "todo", 10.0, 10.0 + late, True))
    assert (check(history) == []) is allowed


def test_without_redis_a_poll_comes_in_time() -> None:
    """And leaves some time for itself."""
    assert max(sessions.POLL_SECONDS, follow.POLL_SECONDS) < WITHOUT_REDIS_SECONDS


@pytest.mark.parametrize(("late", "allowed"), [(1.5, True), (1.7, False)])
def test_a_second_is_as_long_as_the_machine_makes_it(late: float, allowed: bool) -> None:
    """What the slowest replica took for empty answers is added, and nothing else."""
    history = good()
    history.clock.beats["todo-0"] = [Beat(9.0, 9.9), Beat(9.9, 10.2), Beat(10.9, 11.2), Beat(11.3, 11.4)]
    history.clock.beats["todo-1"] = [Beat(10.0, 10.3)]
    history.records[0].uses.append(Use("session", "todo", 10.0, 10.0 + late, True))
    assert (check(history) == []) is allowed


def test_what_was_emptied_is_not_missed() -> None:
    """A deleted message's words leave the log; who saw them had seen what was so then."""
    history = good()
    log = history.logs[CHAT]
    log[3] = replace(log[3], data={})
    log.append(entry(6, "message.deleted", "m1"))
    history.heads[CHAT] = 6
    for screen in (history.screens[ALICE], *history.fresh[ALICE]):
        view: View = screen.views[CHAT]
        view.apply(6, "message.deleted", {"id": "m1", "version": 6})
    assert check(history) == []
