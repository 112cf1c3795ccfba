"""What is written down: by each client about itself, by the engine about faults. Times are one clock's."""

import math
from dataclasses import dataclass, field
from typing import Any

from tests.faults.plan import Fault

Json = dict[str, Any]


def log_name(topic: str, service: str = "") -> str:
    """A log by service and topic, since a person has a topic of their own in each."""
    return f"{service or ('todo' if topic.startswith('list:') else 'chat')}/{topic}"


@dataclass
class Period:
    """A fault, from its beginning until it was taken back and what it killed was ready again."""

    fault: Fault
    began: float
    ended: float = math.inf


@dataclass
class Write:
    """A change that a client wanted, under one id, however often it was sent."""

    log: str
    kind: str  # of the event it makes
    resource: str  # the id that the event speaks of
    token: str = ""  # what the resource says afterwards and nobody else would write
    sent: float = 0.0
    attempts: int = 0
    unsure: bool = False  # some attempt has had no answer, or 503: it may have happened
    acknowledged: float | None = None  # when a 2xx came
    version: int | None = None  # of the resource in that answer
    refused: str = ""  # the code of a definite refusal
    last: str = ""  # what the last attempt came to


@dataclass
class Received:
    """One event frame."""

    seq: int
    kind: str
    data: Json
    at: float


@dataclass
class Stay:
    """One subscription of one socket to one topic, from `subscribed` to its end."""

    account: str
    session: str
    log: str
    asked: tuple[int, str] | None  # where the client said it stood: number and epoch
    seq: int
    epoch: str
    recovered: bool
    events: list[Received] = field(default_factory=list)


@dataclass
class Read:
    """A collection that was fetched: where its log stood as far as was known, and as the answer said."""

    log: str
    known: int
    answered: int


@dataclass
class Use:
    """An attempt to do what must not be possible any more: with an ended session, or in a list's room."""

    what: str  # "session", "list" or "room"
    service: str
    ended: float  # when whoever ended it had the acknowledgement
    sent: float
    done: bool  # whether it was possible


@dataclass
class Record:
    """All that one client has seen."""

    account: str
    writes: list[Write] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    sessions: dict[str, float] = field(default_factory=dict)  # session → when its end was acknowledged
    oddities: list[str] = field(default_factory=list)  # answers that no client should ever get
