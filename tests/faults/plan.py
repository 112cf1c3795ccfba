"""Which faults a run meets, in which order: a pure function of the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

SECONDS = 1.2  # that a fault lasts, unless a run says otherwise

PROCESSES = ("auth", "todo", "chat", "mysql", "redis")
WAYS = ("clients", "services", "to-mysql", "to-redis")  # the network between them


@dataclass(frozen=True)
class Fault:
    """What is done, and to what: a process, or a way between processes."""

    kind: str
    target: str

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


KINDS = {
    "kill": "kill -9, and started again",
    "stop": "SIGSTOP, and woken",
    "cut": "connections are reset, new ones too",
    "silence": "nothing passes; it arrives afterwards",
    "forget": "half-open: the connections there are lead nowhere, new ones work",
    "slow": "every piece of data is late",
    "drop": "half of the publications are lost",
    "double": "half of the publications come twice",
    "reorder": "half of the publications are overtaken by others",
    "flush": "Redis forgets everything",
    "commit": "MySQL is killed as it is told to commit",
    "away": "no other service reaches it",
}

ALL = (
    *(Fault("kill", target) for target in PROCESSES),
    *(Fault("stop", target) for target in PROCESSES),
    *(Fault(kind, way) for kind in ("cut", "silence", "forget", "slow") for way in WAYS),
    *(Fault(kind, "to-redis") for kind in ("drop", "double", "reorder")),
    Fault("flush", "redis"),
    Fault("commit", "mysql"),
)


@dataclass(frozen=True)
class Step:
    """Faults that begin together; once all have ended, recovery is measured."""

    faults: tuple[Fault, ...]
    seconds: float
    seed: str  # for what the step itself leaves to chance: which replica, which connection


def alone(seed: str) -> list[Step]:
    """Each fault by itself, in an order that the seed chooses."""
    order = list(ALL)
    random.Random(f"{seed}/alone").shuffle(order)
    return [Step((fault,), SECONDS, f"{seed}/{fault}") for fault in order]


def mixtures(seed: str) -> Iterator[Step]:
    """Two to four faults at once, on different targets, without end."""
    chance = random.Random(f"{seed}/mixtures")
    for number in count(1):
        faults: dict[str, Fault] = {}
        for fault in chance.sample(ALL, len(ALL)):
            faults.setdefault(_part(fault), fault)
        chosen = tuple(faults.values())[: chance.randint(2, 4)]
        yield Step(chosen, chance.uniform(0.5, 4), f"{seed}/mixture-{number}")


def _part(fault: Fault) -> str:
    """What two faults of one moment must not share."""
    return {"commit": "mysql", "flush": "redis"}.get(fault.kind, fault.target)
