"""`python -m tests.faults.attacker`: all who mean harm, as a process of their own.

On standard input it is told where to attack, and then, line by line, which attacks are to be under way from
now on; it answers each line when they are. At the end of its input it says what each attack was answered.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from tests.faults.attacks import ATTACKS, Target

PAUSE_SECONDS = 0.5  # between two tries of one attacker: how much they send is not the question here
ARRIVAL_SECONDS = 2.0  # in which they begin


def main() -> None:
    """Attack as told. On a machine of ours they must not take what the service needs to answer others: what
    they compute comes last, also where the kernel groups processes by session."""
    os.nice(19)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("19")
    asyncio.run(_obey())


async def _obey() -> None:
    targets = [Target(**told) for told in json.loads(sys.stdin.readline())]
    under_way: list[asyncio.Task[None]] = []
    while line := await asyncio.to_thread(sys.stdin.readline):
        await _end(under_way)
        under_way = _begin(targets, json.loads(line))
        _say(None)
    await _end(under_way)
    _say({target.service: target.answers for target in targets})


def _begin(targets: list[Target], names: Iterable[str]) -> list[asyncio.Task[None]]:
    tries = [
        _again_and_again(_once(name), name, target)
        for target in targets
        for name in names
        for _ in range(ATTACKS[name].clients)
    ]
    beside = [
        _again_and_again(go_on, name, target)
        for target in targets
        for name in names
        if (go_on := ATTACKS[name].beside) is not None
    ]
    return [asyncio.create_task(each) for each in tries + beside]


def _once(name: str) -> Callable[[Target], Awaitable[None]]:
    async def once(target: Target) -> None:
        await ATTACKS[name].once(target, name)

    return once


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(once: Callable[[Target], Awaitable[None]], name: str, target: Target) -> None:
    await asyncio.sleep(random.uniform(0, ARRIVAL_SECONDS))
    while True:
        try:
            await once(target)
        except Exception as error:  # whatever it is: an attacker that ends has seen what it was sent to see
            target.note(name, type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
