"""The write path: requests of one moment on one topic share a transaction, each behind a savepoint."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog

from common import metrics, tracing
from common.database import FAILURES, RETRY, STATEMENT_TIMEOUT, Database, error_number, is_away
from common.errors import ServiceError, Unavailable
from common.log.events import Event
from common.log.transaction import TransactionLostError, Tx, rank

T = TypeVar("T")
Action = Callable[[Tx], Awaitable[T]]

ATTEMPTS = 6  # of a whole transaction that MySQL chose as the victim of a deadlock
BATCH = 64  # requests in one transaction at the most
WAITING = 1024  # requests that may wait for one topic; past that they are refused at once

logger = structlog.get_logger()


@dataclass
class _Job(Generic[T]):
    topics: Sequence[str]
    action: Action[T]
    done: asyncio.Future[T]
    result: Any = None
    error: Exception | None = None
    origin: str | None = field(default_factory=tracing.here)
    place: str | None = None  # where in another request's trace it was written

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
        self.error = self.error or error
        self.settle()


@dataclass
class _Lane:
    """The requests that wait for one topic while a transaction on it is under way."""

    jobs: deque[_Job[Any]] = field(default_factory=deque)


class Writer:
    """Runs actions in transactions on the log and has what they appended published after the commit."""

    def __init__(self, database: Database, publish: Callable[[list[Event]], None]) -> None:
        self._database = database
        self._publish = publish
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def write(self, topics: Sequence[str], action: Action[T]) -> T:
        """Lock `topics`, run the action, number what it appended, commit; only then return its result.

        The action may run more than once and together with others, so it touches nothing but its
        transaction. A ServiceError that it raises undoes only its own part. A caller that goes away cancels
        nothing. Raises Unavailable when MySQL is away; after that the write may or may not have happened,
        and the client sends it again with the same id.
        """
        job = _Job(topics, action, asyncio.get_running_loop().create_future())
        # The first that is locked: who waits for it waits here, without a connection.
        key = min(topics, key=lambda topic: (rank(topic), topic), default=None)
        if key is None:
            self._spawn(self._run([job]))
        elif (lane := self._lanes.get(key)) is not None:
            if len(lane.jobs) >= WAITING:
                raise Unavailable("Too much is being written here at once. Send it again with the same id.")
            lane.jobs.append(job)
        else:
            self._lanes[key] = lane = _Lane(deque([job]))
            self._spawn(self._drain(key, lane))
        try:
            return await asyncio.shield(job.done)
        finally:
            tracing.joined(job.place)

    @property
    def waiting(self) -> int:
        """Requests that wait for the next transaction on their topic."""
        return sum(len(lane.jobs) for lane in self._lanes.values())

    async def close(self) -> None:
        """Wait until every transaction under way has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, key: str, lane: _Lane) -> None:
        while lane.jobs:
            if not await self._run([lane.jobs.popleft() for _ in range(min(BATCH, len(lane.jobs)))]):
                # Those who have waited meanwhile need not find out one batch after the other.
                for job in lane.jobs:
                    job.fail(Unavailable("The database is away or busy. Send it again with the same id."))
                lane.jobs.clear()
        del self._lanes[key]  # in the same turn in which the lane was seen empty

    async def _run(self, jobs: list[_Job[Any]]) -> bool:
        """Run the jobs to their answers; false when the database is away."""
        metrics.APPEND_BATCH.observe(len(jobs))
        # It belongs to the trace of the first request; it and the others' traces point at each other.
        first, *others = [job.origin for job in jobs if job.origin] or [""]
        try:
            with tracing.span("append", parent=first, links=others, todolist__requests=len(jobs)):
                for job in jobs:
                    job.place = tracing.here() if job.origin in others else None
                with metrics.APPEND_SECONDS.time():
                    events = await self._commit_with_retry(jobs)
                self._publish(events)
            for job in jobs:
                job.settle()
        except Exception as error:
            for job in jobs:
                job.fail(error)
            return not isinstance(error, Unavailable)
        return True

    async def _commit_with_retry(self, jobs: list[_Job[Any]]) -> list[Event]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.timeout(STATEMENT_TIMEOUT):
                    return await self._commit(jobs)
            except (*FAILURES, TransactionLostError) as error:
                again = isinstance(error, TransactionLostError) or error_number(error) in RETRY
                if again and attempt < ATTEMPTS:
                    metrics.TRANSACTION_RETRIES.inc()
                    await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 - jitter, not a secret
                elif again or is_away(error):
                    self._database.note_away(error)
                    raise Unavailable(
                        "The database is away or busy. Send it again with the same id."
                    ) from error
                else:
                    raise
        raise AssertionError("unreachable")

    async def _commit(self, jobs: list[_Job[Any]]) -> list[Event]:
        async with self._database.writes.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection)
            await tx.lock(*{topic for job in jobs for topic in job.topics})
            if len(jobs) == 1:
                if not await _attempt_alone(jobs[0], tx):
                    await transaction.rollback()
                    return []
            else:
                for job in jobs:
                    await _attempt(job, tx)
            return await tx.flush()


async def _attempt(job: _Job[Any], tx: Tx) -> None:
    """One request among several: what it raises is its own, unless it speaks of the whole transaction."""
    job.result, job.error = None, None
    try:
        async with tx.savepoint():
            await tx.lock(*job.topics)  # again, should an earlier request's failure have undone one
            job.result = await job.action(tx)
    except Exception as error:
        if isinstance(error, TransactionLostError) or error_number(error) in RETRY or is_away(error):
            raise
        job.error = error


async def _attempt_alone(job: _Job[Any], tx: Tx) -> bool:
    """The only request needs no savepoint: when it fails, the transaction is undone."""
    job.result, job.error = None, None
    try:
        job.result = await job.action(tx)
    except ServiceError as error:
        job.error = error
    return job.error is None
