"""The checker on histories written by hand: a good one, and each way in which it could have gone wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from common import follow, sessions
from tests.faults.bounds import WITHOUT_REDIS_SECONDS
from tests.faults.breaks import BREAKS
from tests.faults.checker import RULES, check
from tests.faults.clock import Beat
from tests.faults.histories import ALICE, CHAT, entry, good
from tests.faults.plan import Fault
from tests.faults.record import Period, Use
from tests.faults.truth import History
from tests.faults.view import View


def test_a_good_history_has_no_violation() -> None:
    """And every rule has looked at something."""
    assert check(good()) == []


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
