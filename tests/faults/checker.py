"""What must hold between what the clients wrote down and what the server has in the end, rule by rule.

Nothing is believed but what a client itself recorded; the log is only asked whether it agrees.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

from chat.topics import list_room_id
from tests.faults.bounds import deadline
from tests.faults.evidence import (
    ALL,
    Change,
    access,
    changes,
    emptied,
    fold,
    roles,
    states,
    stays,
    text_of,
)
from tests.faults.record import Use, Write
from tests.faults.truth import History, Screen
from tests.faults.view import View

REPLAY = 1000  # events that a client may have missed and still gets one by one
Rule = Callable[[History], Iterator[str]]
FEW = 5  # violations of one rule that are shown


def check(history: History) -> list[str]:
    """Every violation, named by its rule."""
    found = []
    for rule in RULES:
        said = list(rule(history))
        found += [f"{rule.__name__}: {text}" for text in said[:FEW]]
        if len(said) > FEW:
            found.append(f"{rule.__name__}: … and {len(said) - FEW} more")
    return found


def numbers_have_no_gap(history: History) -> Iterator[str]:
    """Each log is 1, 2, 3, … to where it says it stands."""
    for name, log in history.logs.items():
        if [entry.seq for entry in log] != list(range(1, history.heads[name] + 1)):
            yield f"{name} stands at {history.heads[name]} and has {[entry.seq for entry in log][-5:]}"


def every_write_is_there_once(history: History) -> Iterator[str]:
    """Acknowledged: once. Without an answer: once or not at all. Refused: not at all. Nothing twice."""
    made = changes(history.logs)
    gone = emptied(history.logs)
    groups: dict[Change, list[Write]] = defaultdict(list)
    for record in history.records:
        for write in record.writes:
            text = write.token if write.kind.endswith(".updated") else ""
            groups[write.log, write.kind, write.resource, text].append(write)
    for change, writes in groups.items():
        log, kind, resource, _ = change
        least = sum(write.acknowledged is not None for write in writes)
        most = least + sum(write.acknowledged is None and write.unsure for write in writes)
        if kind.endswith(".updated") and (log, resource) in gone:
            least = 0  # what it said was taken out of the log when the resource was deleted
        if not least <= made[change] <= most:
            yield f"{made[change]} times in the log, not {least} to {most}: {writes}"


def every_write_says_what_was_sent(history: History) -> Iterator[str]:
    """An acknowledged version is the number of an event of that kind, with what the client wrote."""
    created = {
        (name, entry.kind, entry.resource): entry
        for name, log in history.logs.items()
        for entry in log
        if entry.kind.endswith(".created")
    }
    for record in history.records:
        for write in record.writes:
            if write.acknowledged is None or not write.token:
                continue
            log = history.logs.get(write.log, [])
            entry = created.get((write.log, write.kind, write.resource))
            if write.kind.endswith(".updated") and write.version is not None:
                entry = log[write.version - 1] if write.version <= len(log) else None
            elif write.kind.endswith(".updated"):
                continue  # known only from a refusal, which does not say which number it took
            same = entry is not None and (entry.kind, entry.resource) == (write.kind, write.resource)
            if entry is None or not same or (entry.data and text_of(entry) != write.token):
                yield f"{write} stands in the log as {entry}"


def clients_see_consecutive_numbers(history: History) -> Iterator[str]:
    """Every subscription begins where the client stood, or says that it does not, and leaves nothing out."""
    for stay in stays(history):
        begun = stay.asked[0] if stay.asked is not None and stay.recovered else stay.seq
        seqs = [event.seq for event in stay.events]
        if seqs != list(range(begun + 1, begun + 1 + len(seqs))):
            yield f"{stay.account} on {stay.log} after {begun}: {seqs}"
        if not stay.recovered and stay.asked is not None and stay.seq - stay.asked[0] <= REPLAY:
            yield f"{stay.account} on {stay.log} was not recovered from {stay.asked} at {stay.seq}"


def clients_see_what_the_log_says(history: History) -> Iterator[str]:
    """An event that a client got is the log's event of that number."""
    for stay in stays(history):
        log = history.logs.get(stay.log, [])
        for event in stay.events:
            entry = log[event.seq - 1] if event.seq <= len(log) else None
            if entry is None or entry.kind != event.kind or (entry.data and entry.data != event.data):
                yield f"{stay.account} got {event} on {stay.log}; the log says {entry}"


def nobody_gets_what_follows_the_end_of_their_access(history: History) -> Iterator[str]:
    """Who subscribes is a member at that number; what comes after is sent until their access ends."""
    ways = {name: access(log) for name, log in history.logs.items()}
    for stay in stays(history):
        if "/user:" in stay.log or stay.log not in ways:
            continue
        granted, ended = (
            False,
            [seq for seq, account, role in ways[stay.log] if account in (stay.account, ALL) and not role],
        )
        for seq, account, role in ways[stay.log]:
            if seq <= stay.seq and account in (stay.account, ALL):
                granted = bool(role)
        if not granted:
            yield f"{stay.account} subscribed to {stay.log} at {stay.seq} and was no member"
        end = next((seq for seq in ended if seq > stay.seq), None)
        late = [event.seq for event in stay.events if end is not None and event.seq >= end]
        if late:
            yield f"{stay.account} got {late} of {stay.log} after the end of access at {end}"


def an_ended_access_does_nothing(history: History) -> Iterator[str]:
    """An ended session, and the room of a list that somebody has left, within their time; a list at once."""
    for record in history.records:
        for use in record.uses:
            if use.done and use.sent > _last_moment(use, history):
                yield f"{record.account}: {use.what} in {use.service}, {_late(use, history)}"
        for stay in record.stays:
            ended = record.sessions.get(stay.session)
            if ended is not None:
                last = deadline("socket", ended, history.periods, history.clock)
                late_events = [event.seq for event in stay.events if event.at > last]
                if late_events:
                    yield f"{record.account}: {stay.log} {late_events} on a socket of an ended session"


def _late(use: Use, history: History) -> str:
    near = {
        str(each.fault) for each in history.periods if each.ended > use.ended - 5 and each.began < use.sent
    }
    lost = history.clock.after(use.ended, 1.0) - use.ended - 1.0
    late = use.sent - use.ended
    return (
        f"{late:.2f} s after its end (the machine had lost {lost:.2f} s of a second; faults: {sorted(near)})"
    )


def _last_moment(use: Use, history: History) -> float:
    return use.ended if use.what == "list" else deadline(use.what, use.ended, history.periods, history.clock)


def no_answer_is_older_than_what_was_seen(history: History) -> Iterator[str]:
    """What a client has written or seen is in whatever it then reads, from whichever replica."""
    for record in history.records:
        for read in record.reads:
            if read.answered < read.known:
                yield f"{record.account}: {read}"


def no_answer_is_odd(history: History) -> Iterator[str]:
    """No 500, no 503 without Retry-After, no refusal of a good token."""
    for record in history.records:
        yield from record.oddities


def all_are_equal_in_the_end(history: History) -> Iterator[str]:
    """The log, each replica's answers and each client's screen: lists, tasks, members, messages, unread."""
    folded = states(history.logs)
    mine: dict[str, set[str]] = defaultdict(set)
    for name, view in folded.items():
        for account in view.items.get("member", {}):
            mine[account].add(name)
    for account, screen in history.screens.items():
        wanted = {name: folded[name] for name in mine[account]}
        pictures = [("the client", screen)]
        pictures += [(f"replica {number}", each) for number, each in enumerate(history.fresh[account])]
        for who, picture in pictures:
            yield from (f"{account}, {who}: {text}" for text in _differences(picture, wanted))
            if picture.unread != history.fresh[account][0].unread:
                yield f"{account}, {who}: unread {picture.unread}, not {history.fresh[account][0].unread}"


def _differences(picture: Screen, wanted: dict[str, View]) -> Iterator[str]:
    named = {f"todo/list:{name}" for name in picture.own.get("todo", ())}
    named |= {f"chat/room:{name}" for name in picture.own.get("chat", ())}
    if not named == set(picture.views) == set(wanted):
        yield f"names {sorted(named)} and shows {sorted(picture.views)}, not {sorted(wanted)}"
    for name in wanted.keys() & picture.views.keys():
        here, there = picture.views[name].comparable(), wanted[name].comparable()
        for noun in here.keys() | there.keys():
            ours, theirs = here.get(noun, {}), there.get(noun, {})
            wrong = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
            if wrong:
                yield f"{name} differs in {noun} {wrong[0]}: {ours.get(wrong[0])}, not {theirs.get(wrong[0])}"


def rooms_follow_their_lists(history: History) -> Iterator[str]:
    """Every list has its room, with the list's title, members and their roles."""
    for name, log in history.logs.items():
        if not name.startswith("todo/list:"):
            continue
        room = f"chat/room:{list_room_id(UUID(name.removeprefix('todo/list:')))}"
        here, there = roles(fold(log)), roles(fold(history.logs.get(room, [])))
        if here != there:
            yield f"{name} has the members {here}, its room {there}"


def messages_are_numbered(history: History) -> Iterator[str]:
    """The messages of a room are 1, 2, 3, … for everybody who fetches them."""
    for account, screens in history.fresh.items():
        for screen in screens:
            for name, view in screen.views.items():
                numbers = [m["number"] for m in view.items.get("message", {}).values() if m["number"]]
                if sorted(numbers) != list(range(1, len(numbers) + 1)):
                    yield f"{account}: {name} has the numbers {sorted(numbers)}"


RULES: tuple[Rule, ...] = (
    numbers_have_no_gap,
    every_write_is_there_once,
    every_write_says_what_was_sent,
    clients_see_consecutive_numbers,
    clients_see_what_the_log_says,
    nobody_gets_what_follows_the_end_of_their_access,
    an_ended_access_does_nothing,
    no_answer_is_older_than_what_was_seen,
    no_answer_is_odd,
    all_are_equal_in_the_end,
    rooms_follow_their_lists,
    messages_are_numbered,
)
