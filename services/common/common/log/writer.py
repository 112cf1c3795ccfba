"""The write path: requests of one moment share a transaction."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any

from common import metrics, tracing
from common.database import (
    FAILURES,
    LOCK_WAIT,
    RETRY,
    STATEMENT_TIMEOUT,
    Database,
    error_number,
    is_away,
    is_unreachable,
)
from common.errors import Unavailable
from common.log.events import Event
from common.log.jobs import Action, BatchAction, C, Job, T, carry_out, job_of
from common.log.transaction import TransactionLostError, Tx, rank

ATTEMPTS = 6  # of a whole transaction that MySQL chose as the victim of a deadlock, or let wait too long
BATCH = 64  # requests in one transaction at the most
WAITING = 1024  # requests that may wait in one lane; past that they are refused at once

Lane = deque[Job[Any]]
"""The requests that wait while a transaction with others of their kind is under way: those that write to one
topic, or those whose commands one action carries out, whatever their topics."""

BUSY = "The database is away or busy. Send it again with the same id."


class Writer:
    """Runs actions in transactions on the log and has what they appended published after the commit.

    A transaction takes the topics that are free. Whoever asks for one that somebody else holds (another
    replica, which may have stopped in the middle) waits for it in the topic's own lane, and only half of the
    connections may wait so: the others are there for everybody else.
    """

    def __init__(self, database: Database, publish: Callable[[list[Event]], None]) -> None:
        self._database = database
        self._publish = publish
        self._lanes: dict[str | BatchAction[Any, Any], Lane] = {}
        self._patience = asyncio.Semaphore(max(1, database.settings.pool_size // 2))
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

    async def write_batched(self, topic: str, action: BatchAction[C, T], command: C) -> T:
        """As `write`, for an action that carries out all commands of one moment in a few statements.

        They share a transaction whatever their topics are, except where somebody waits for the topic alone.
        """
        job = job_of(topic, action, command)
        self._join(topic if topic in self._lanes else action, job)
        return await self._result(job)

    async def ensure(self, topic: str) -> None:
        """Bring a topic into being in which nothing has happened yet: a person's, or a service-wide one."""

        async def nothing(tx: Tx) -> None:
            await tx.lock(topic)

        await self.write([], nothing)

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
            return await job.done  # who goes away takes only this along: the transaction knows nothing of it
        finally:
            tracing.joined(job.place)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        # Of no request: what it logs speaks of all those that it carries.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _join(self, key: str | BatchAction[Any, Any], job: Job[Any]) -> None:
        """Wait in a lane, opening it if nobody is there."""
        if (lane := self._lanes.get(key)) is None:
            self._lanes[key] = lane = deque([job])
            self._spawn(self._drain(key, lane))
        elif len(lane) >= WAITING:
            job.fail(Unavailable("Too much is being written here at once. Send it again with the same id."))
        else:
            lane.append(job)

    async def _drain(self, key: str | BatchAction[Any, Any], lane: Lane) -> None:
        while lane:
            jobs = [lane.popleft() for _ in range(min(BATCH, len(lane)))]
            if isinstance(key, str):
                await self._run(jobs)
            else:
                for job in await self._attempt(jobs):
                    self._join(job.topics[0], job)
            if any(job.error and is_unreachable(job.error.__cause__) for job in jobs):
                # Those who have waited meanwhile need not find out one batch after the other.
                for job in lane:
                    job.fail(Unavailable(BUSY))
                lane.clear()
        del self._lanes[key]  # in the same turn in which the lane was seen empty

    async def _run(self, jobs: list[Job[Any]]) -> None:
        """Run the jobs to their answers, waiting for their topics where those are held."""
        if not (held := await self._attempt(jobs)):
            return
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT):
                await self._patience.acquire()
        except TimeoutError:
            for job in held:
                job.fail(Unavailable(BUSY))
            return
        try:
            await self._attempt(held, patient=True)
        finally:
            self._patience.release()

    async def _attempt(self, jobs: list[Job[Any]], *, patient: bool = False) -> list[Job[Any]]:
        """Run the jobs to their answers, but for those whose topic is held; returns these."""
        # It belongs to the trace of the first request; it and the others' traces point at each other.
        first, *others = [job.origin for job in jobs if job.origin] or [""]
        for job in jobs:
            job.held = False
        try:
            with tracing.span("append", parent=first, links=others, todolist__requests=len(jobs)):
                for job in jobs:
                    job.place = tracing.here() if job.origin in others else None
                with metrics.APPEND_SECONDS.time():
                    events = await self._commit_with_retry(jobs, patient=patient)
                self._publish(events)
        except Exception as error:
            for job in jobs:
                if not job.held:
                    job.fail(error)
        held = [job for job in jobs if job.held]
        if len(held) < len(jobs):
            metrics.APPEND_BATCH.observe(len(jobs) - len(held))
        for job in jobs:
            if not job.held:
                job.settle()
        return held

    async def _commit_with_retry(self, jobs: list[Job[Any]], *, patient: bool) -> list[Event]:
        for attempt in range(1, ATTEMPTS + 1):
            began = time.monotonic()
            try:
                async with asyncio.timeout(STATEMENT_TIMEOUT):
                    return await self._commit(jobs, patient=patient)
            except (*FAILURES, TransactionLostError) as error:
                if error_number(error) == LOCK_WAIT and not patient:
                    for job in jobs:
                        job.held = True  # by a lock of another row, whosever job it is that needs it
                    return []
                again = isinstance(error, TransactionLostError) or error_number(error) in RETRY
                if again and attempt < ATTEMPTS:
                    metrics.TRANSACTION_RETRIES.inc()
                    await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311 - jitter, not a secret
                elif again or is_away(error):
                    self._database.note_away(error, began)
                    raise Unavailable(BUSY) from error
                else:
                    raise
        raise AssertionError("unreachable")

    async def _commit(self, jobs: list[Job[Any]], *, patient: bool) -> list[Event]:
        async with self._database.writes.connect() as connection, connection.begin() as transaction:
            tx = Tx(connection)
            await tx.lock(*{topic for job in jobs for topic in job.topics}, skip=not patient)
            for job in jobs:
                # One that does not exist looks as if it were held: the patient find out.
                job.held = not patient and not all(map(tx.exists, job.topics))
            free = [job for job in jobs if not job.held]
            await carry_out(free, tx)
            if any(job.error is None for job in free):
                return await tx.flush()
            await transaction.rollback()
            return []
