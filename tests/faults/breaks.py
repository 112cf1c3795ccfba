"""Each way in which a good history could have gone wrong, and the rule that has to see it."""

from collections.abc import Callable

from tests.faults.histories import ALICE, BOB, CHAT, ROOM, TODO, entry, message, stay
from tests.faults.record import Read, Received, Use
from tests.faults.truth import History


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
