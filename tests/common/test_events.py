"""Events as they are sent: in runs of a bounded size, and empty when their content was deleted."""

import json

from common.clock import now
from common.ids import new_id
from common.log.events import Event, runs
from tests.common.conftest import event


def test_a_run_is_written_at_once_and_bounded() -> None:
    """Nothing is lost or turned round between runs, and a large event goes alone."""
    events = [event(seq, size) for seq, size in enumerate([10, 40_000, 40_000, 90_000, 10, 10], 1)]
    found = list(runs(events))
    assert [[each.seq for each in run.events] for run in found] == [[1, 2], [3], [4], [5, 6]]
    assert [(run.first, run.last) for run in found] == [(1, 2), (3, 3), (4, 4), (5, 6)]
    assert b"".join(run.frames for run in found) == b"".join(each.frame for each in events)
    assert list(runs([])) == []


def test_an_event_that_was_emptied_looks_like_its_deletion() -> None:
    """Nothing of the content is left, and the shape is the deletion's."""
    resource = new_id()
    event = Event("list:x", "e", 7, "task.created", resource, None, now(), b"")
    assert json.loads(event.resource) == {"id": str(resource), "version": 7}
