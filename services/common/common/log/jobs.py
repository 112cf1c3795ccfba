"""Requests that wait for a transaction, and how one transaction carries out several of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Generic, TypeVar

import structlog

from common import tracing
from common.database import RETRY, error_number, is_away
from common.errors import ServiceError
from common.log.transaction import TransactionLostError, Tx

T = TypeVar("T")
C = TypeVar("C")
Action = Callable[[Tx], Awaitable[T]]
BatchAction = Callable[[Tx, Sequence[C]], Awaitable[Sequence[T | ServiceError]]]
"""An action for many commands, in their order: what each results in, or the refusal that is its own. What is
refused has written nothing."""

logger = structlog.get_logger()


@dataclass(eq=False)
class Job(Generic[T]):
    """One request that waits. Its action stands for `batch_action` with its command alone, if it has that."""

    topics: Sequence[str]
    action: Action[T]
    batch_action: BatchAction[Any, T] | None = None
    command: Any = None
    held: bool = False  # somebody else has locked what it needs
    result: Any = None
    error: Exception | None = None
    done: asyncio.Future[T] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    origin: str | None = field(default_factory=tracing.here)
    place: str | None = None  # where in another request's trace it was written

    def keep(self, result: Any, error: Exception | None = None) -> None:
        """What came of it, if the transaction ends well."""
        self.result, self.error = result, error

    def settle(self) -> None:
        """Answer whoever waits; called when the transaction has ended."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)

    def fail(self, error: Exception) -> None:
        """Answer with an error of the whole transaction."""
        self.error = error  # whatever was decided before has been undone
        self.settle()


def job_of(topic: str, batch_action: BatchAction[C, T], command: C) -> Job[T]:
    """A request whose command may be carried out together with others."""

    async def alone(tx: Tx) -> T:
        (result,) = await batch_action(tx, [command])
        if isinstance(result, ServiceError):
            raise result
        return result

    return Job([topic], alone, batch_action, command)


async def carry_out(jobs: Sequence[Job[Any]], tx: Tx) -> None:
    """Every job in its order, neighbours together where they can be. Each keeps what came of it."""
    if len(jobs) == 1:
        await _alone(jobs[0], tx)
        return
    for batch_action, neighbours in groupby(jobs, key=lambda job: job.batch_action):
        crowd = list(neighbours)
        done_together = (
            batch_action is not None and len(crowd) > 1 and await _together(batch_action, crowd, tx)
        )
        if not done_together:
            for job in crowd:
                await _among_others(job, tx)


async def _alone(job: Job[Any], tx: Tx) -> None:
    """The only request needs no savepoint: when it is refused, the transaction is rolled back."""
    try:
        job.keep(await job.action(tx))
    except ServiceError as error:
        job.keep(None, error)


async def _among_others(job: Job[Any], tx: Tx) -> None:
    """One request among several: what it raises is its own, unless it speaks of the whole transaction."""
    try:
        async with tx.savepoint():
            await tx.lock(*job.topics)  # again, should an earlier request's failure have undone one
            job.keep(await job.action(tx))
    except Exception as error:
        _raise_if_lost(error)
        job.keep(None, error)


async def _together(batch_action: BatchAction[Any, Any], crowd: Sequence[Job[Any]], tx: Tx) -> bool:
    """Many requests in a few statements; false when that failed, so that each has to be tried alone."""
    try:
        async with tx.savepoint():
            await tx.lock(*{topic for job in crowd for topic in job.topics})
            results = await batch_action(tx, [job.command for job in crowd])
    except Exception as error:
        _raise_if_lost(error)
        logger.exception("failed together; each is tried alone", requests=len(crowd))
        return False
    for job, result in zip(crowd, results, strict=True):
        refused = isinstance(result, ServiceError)
        job.keep(None if refused else result, result if refused else None)
    return True


def _raise_if_lost(error: Exception) -> None:
    """Go on with what ends the whole transaction."""
    if isinstance(error, TransactionLostError) or error_number(error) in RETRY or is_away(error):
        raise error
