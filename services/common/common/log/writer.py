"""The write path: requests of one moment share a transaction."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import structlog

from common import metrics, tracing
from common.database import FAILURES, RETRY, STATEMENT_TIMEOUT, Database, error_number, is_away
from common.errors import Unavailable
from common.log.events import Event
from common.log.jobs import Action, C, Job, T, Together, carry_out, job_of
from common.log.transaction import TransactionLostError, Tx, rank

ATTEMPTS = 6  # of a whole transaction that MySQL chose as the victim of a deadlock
BATCH = 64  # requests in one transaction at the most
WAITING = 1024  # requests that may wait in one lane; past that they are refused at once

Lane = deque[Job[Any]]
"""The requests that wait while a transaction with others of their kind is under way: those that write to one
topic, or those with commands that one action carries out together, whatever their topic."""

Written = tuple[list[Job[Any]], list[Event]]

logger = structlog.get_logger()


class Writer:
    """Runs actions in transactions on the log and has what they appended published after the commit."""

    def __init__(self, database: Database, publish: Callable[[list[Event]], None]) -> None:
        self._database = database
        self._publish = publish
        self._lanes: dict[str | Together[Any, Any], Lane] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def write(self, topics: Sequence[str], action: Action[T]) -> T:
        """Lock `topics`, run the action, number what it appended, commit; only then return its result.

        The action may run more than once and together with others, so it touches nothing but its
        transaction. A ServiceError that it raises undoes only its own part. A caller that goes away cancels
        nothing. Raises Unavailable when MySQL is away; after that the write may or may not have happened,
        and the client sends it again with the same id.
        """
        job = Job(topics, action)
        # The first that is locked: who waits for it waits here, without a connection.
        key = min(topics, key=lambda topic: (rank(topic), topic), default=None)
        if key is None:
            self._spawn(self._run([job]))
        else:
            self._join(key, job)
        return await self._result(job)

    async def write_together(self, topic: str, action: Together[C, T], command: C) -> T:
        """As `write`, for an action that carries out all commands of one moment in a few statements.

        They share a transaction whatever their topics are. A topic that somebody holds makes only its own
        commands wait.
        """
        job = job_of(topic, action, command)
        self._join(action, job)
        return await self._result(job)

    @property
    def waiting(self) -> int:
        """Requests that wait for their lane's next transaction."""
        return sum(len(lane) for lane in self._lanes.values())

    async def close(self) -> None:
        """Wait until every transaction under way has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _result(self, job: Job[T]) -> T:
        try:
            return await asyncio.shield(job.done)
        finally:
            tracing.joined(job.place)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _join(self, key: str | Together[Any, Any], job: Job[Any]) -> None:
        """Wait in a lane, opening it if nobody is there. Raises Unavailable where too many wait."""
        if (lane := self._lanes.get(key)) is None:
            self._lanes[key] = lane = deque([job])
            self._spawn(self._drain(key, lane))
        elif len(lane) >= WAITING:
            raise Unavailable("Too much is being written here at once. Send it again with the same id.")
        else:
            lane.append(job)

    async def _drain(self, key: str | Together[Any, Any], lane: Lane) -> None:
        skip = not isinstance(key, str)
        while lane:
            if not await self._run([lane.popleft() for _ in range(min(BATCH, len(lane)))], skip=skip):
                # Those who have waited meanwhile need not find out one batch after the other.
                for job in lane:
                    job.fail(Unavailable("The database is away or busy. Send it again with the same id."))
                lane.clear()
        del self._lanes[key]  # in the same turn in which the lane was seen empty

    async def _run(self, jobs: list[Job[Any]], *, skip: bool = False) -> bool:
        """Run the jobs to their answers; false when the database is away. With `skip`, those whose topic is
        held go on waiting for it."""
        # It belongs to the trace of the first request; it and the others' traces point at each other.
        first, *others = [job.origin for job in jobs if job.origin] or [""]
        try:
            with tracing.span("append", parent=first, links=others, todolist__requests=len(jobs)):
                for job in jobs:
                    job.place = tracing.here() if job.origin in others else None
                with metrics.APPEND_SECONDS.time():
                    written, events = await self._commit_with_retry(jobs, skip=skip)
                self._publish(events)
            if written:
                metrics.APPEND_BATCH.observe(len(written))
            for job in written:
                job.settle()
            self._wait_for_topics(job for job in jobs if job not in written)
        except Exception as error:
            for job in jobs:
                job.fail(error)
            return not isinstance(error, Unavailable)
        return True

    def _wait_for_topics(self, jobs: Iterable[Job[Any]]) -> None:
        for job in jobs:
            try:
                self._join(job.topics[0], job)
            except Unavailable as error:
                job.fail(error)

    async def _commit_with_retry(self, jobs: list[Job[Any]], *, skip: bool) -> Written:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.timeout(STATEMENT_TIMEOUT):
                    return await self._commit(jobs, skip=skip)
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

    async def _commit(self, jobs: list[Job[Any]], *, skip: bool) -> Written:
        async with self._database.writes.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection)
            await tx.lock(*{topic for job in jobs for topic in job.topics}, skip=skip)
            if skip:
                jobs = [job for job in jobs if all(map(tx.exists, job.topics))]
            if jobs and await carry_out(jobs, tx):
                return jobs, await tx.flush()
            await transaction.rollback()
            return jobs, []
