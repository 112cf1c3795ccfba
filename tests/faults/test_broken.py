"""The checker is itself tested: with a fault in the code of todo it finds it, and without one nothing."""

from pathlib import Path

import pytest

from tests.faults import broken
from tests.faults.run import Run
from tests.faults.system import System
from tests.support.servers import Servers

RED = {
    "": set(),
    "dropped": {"clients_see_consecutive_numbers"},
    "doubled": {"clients_see_consecutive_numbers"},
    "swapped": {"clients_see_consecutive_numbers"},
    "early": {"no_answer_is_older_than_what_was_seen"},
    "open_door": {"nobody_gets_what_follows_the_end_of_their_access"},
    "deaf": {"an_ended_access_does_nothing"},
}
CLIENTS = 5
WRITES = 60


def test_every_fault_has_its_rule() -> None:
    """Of each fault it is said what has to notice it."""
    assert RED.keys() - {""} == broken.FAULTS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("fault", RED)
async def test_a_fault_in_the_code_is_found(
    fault: str, servers: Servers, worker: str, tmp_path: Path
) -> None:
    """A short load, without any other fault."""
    system = System(tmp_path, mysql=servers.mysql, suffix=f"_{worker}_{fault or 'sound'}")
    try:
        await system.start(run={"todo": ("tests.faults.broken", fault, "todo")} if fault else {})
        run = Run(system, "1", clients=CLIENTS)
        await run.begin()
        await run.load.until(WRITES)
        result = await run.end()
    finally:
        await system.stop()
    found = {violation.partition(":")[0] for violation in result.violations}
    assert RED[fault] <= found if fault else not found, result.violations
