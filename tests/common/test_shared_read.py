"""Reads of one moment are one read, and nobody is answered from before they asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from common.shared_read import SharedRead


class Source:
    """Counts up with every write; a read sees the count of when it began, and waits to be let go."""

    def __init__(self) -> None:
        self.count = 0
        self.reads: list[list[str]] = []
        self.gate = asyncio.Event()

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        """What a database would do."""
        self.reads.append(list(keys))
        seen = self.count
        await self.gate.wait()
        if "broken" in keys:
            raise RuntimeError("on purpose")
        return {key: seen for key in keys if key != "missing"}


async def _turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_who_asks_in_one_turn_shares_a_read() -> None:
    """The same key is asked for once; what is not there is None."""
    source = Source()
    source.gate.set()
    shared = SharedRead(source.read)
    answers = await asyncio.gather(*(shared.get(key) for key in ("a", "b", "a", "missing")))
    assert answers == [0, 0, 0, None]
    assert source.reads == [["a", "b", "missing"]]


async def test_nobody_joins_a_read_that_is_under_way() -> None:
    """It may have begun before a write that was acknowledged to whoever asks now."""
    source = Source()
    shared = SharedRead(source.read)
    early = [asyncio.create_task(shared.get("a"))]
    await _turn()
    early.append(asyncio.create_task(shared.get("b")))
    await _turn()
    assert source.reads == [["a"], ["b"]]
    source.count += 1  # acknowledged
    late = [asyncio.create_task(shared.get(key)) for key in ("a", "c")]
    await _turn()
    assert len(source.reads) == 2, "so many reads at once are enough: who asks now waits for the next"
    source.gate.set()
    assert await asyncio.gather(*early) == [0, 0]
    assert await asyncio.gather(*late) == [1, 1]
    assert source.reads[2:] == [["a", "c"]]


async def test_a_read_that_fails_fails_for_those_who_shared_it() -> None:
    """The next is another."""
    source = Source()
    source.gate.set()
    shared = SharedRead(source.read)
    answers = await asyncio.gather(shared.get("a"), shared.get("broken"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RuntimeError, RuntimeError]
    assert await shared.get("a") == 0


async def test_who_gives_up_takes_nobody_along() -> None:
    """A client that hangs up cancels only its own waiting."""
    source = Source()
    shared = SharedRead(source.read)
    impatient, patient = (asyncio.create_task(shared.get("a")) for _ in range(2))
    await _turn()
    impatient.cancel()
    source.gate.set()
    assert await patient == 0
    with pytest.raises(asyncio.CancelledError):
        await impatient
    await shared.close()


async def test_nobody_waits_for_what_will_not_come() -> None:
    """At the end, also those whose read had not begun."""
    source = Source()
    shared = SharedRead(source.read, at_once=1)
    waiting = [asyncio.create_task(shared.get("a"))]
    await _turn()
    waiting.append(asyncio.create_task(shared.get("b")))
    await _turn()
    await shared.close()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [asyncio.CancelledError] * 2
    assert source.reads == [["a"]]
