"""The checker is itself tested: with a fault in the code it finds it, and without one nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.faults import broken
from tests.faults.run import REST_SECONDS, Run
from tests.faults.system import System
from tests.support.servers import Servers

CLIENTS = 5
WRITES = 40
RESTLESS_SECONDS = 1.0  # with a fault some clients never come to rest
SHUT_SECONDS = 4.0  # that what was taken away is tried


@dataclass
class Red:
    """What has to notice a fault, and in which words."""

    rule: str
    says: str
    service: str = "todo"  # that has the fault


RED = {
    "dropped": Red("clients_see_consecutive_numbers", " after "),
    "doubled": Red("clients_see_consecutive_numbers", " after "),
    "swapped": Red("clients_see_consecutive_numbers", " after "),
    "early": Red("no_answer_is_older_than_what_was_seen", "Read("),
    "open_door": Red("nobody_gets_what_follows_the_end_of_their_access", "was no member"),
    "deaf": Red("an_ended_access_does_nothing", "session in todo"),
    "late": Red("an_ended_access_does_nothing", "room in chat", "chat"),
}


@pytest.fixture(scope="module")
async def system(
    servers: Servers, worker: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """One for all: only one service is started anew, and each run has accounts and lists of its own."""
    system = System(tmp_path_factory.mktemp("broken"), mysql=servers.mysql, suffix=f"_{worker}_broken")
    try:
        await system.start()
        yield system
    finally:
        await system.stop()


def test_every_fault_has_its_rule() -> None:
    """Of each fault it is said what has to notice it."""
    assert RED.keys() == broken.FAULTS.keys()


@pytest.mark.slow
@pytest.mark.xdist_group("broken")
@pytest.mark.parametrize("fault", RED)
async def test_a_fault_in_the_code_is_found(
    fault: str, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short load, without any other fault."""
    _shut(monkeypatch)
    red = RED[fault]
    await system.replace(red.service, "tests.faults.broken", fault, red.service)
    try:
        violations = await _violations(system, fault, RESTLESS_SECONDS)
    finally:
        await system.replace(red.service)
    assert any(each.startswith(f"{red.rule}:") and red.says in each for each in violations), violations


@pytest.mark.slow
@pytest.mark.xdist_group("broken")
async def test_nothing_is_found_in_sound_code(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same load."""
    _shut(monkeypatch)
    assert await _violations(system, "none", REST_SECONDS) == []


async def _violations(system: System, name: str, rest: float) -> list[str]:
    run = Run(system, f"broken/{name}", clients=CLIENTS, rest=rest)
    await run.begin()
    await run.load.until(WRITES)
    return (await run.end()).violations


def _shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no other fault for which the doors would have to be tried longer."""
    monkeypatch.setattr("tests.faults.client.HAUNT_SECONDS", SHUT_SECONDS)
    monkeypatch.setattr("tests.faults.member.SHUT_OUT_SECONDS", SHUT_SECONDS)
