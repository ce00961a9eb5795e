"""Gives jobs to the workers of a farm through the database of the shared ledger, and waits until they are done.

What the database says of a job is only a hint of when to read its answer. A job that no living worker takes comes back,
and whoever gave it does it. Procrastinate's tables are in a schema of their own.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, Self

from hailuo_batch.errors import HailuoError, LedgerError
from hailuo_batch.farm.jobs import Job, job_arguments
from hailuo_batch.farm.tables import TASK, open_app, translate_errors
from hailuo_batch.ledger.postgres.connect import PasswordSource

if TYPE_CHECKING:
    from procrastinate import App

STALE_SECONDS = 20.0  # without a heartbeat for so long, a worker counts as gone; it gives one each five seconds
_SHORTEST_POLL, _LONGEST_POLL = 0.1, 1.0  # seconds; the more jobs wait, the longer
_LONGEST_SECONDS = 600.0  # of one job at a worker: then it is done here too, whoever is first
_MOST_TRIES = 3  # of a job whose workers died over it

# A worker that is stopped, dead or pruned has no fresh heartbeat, or no row at all. Procrastinate itself leaves its
# jobs as they are: https://github.com/procrastinate-org/procrastinate/issues/1518 (2026-02-24)
_SWEEP = f"""
WITH gone AS (
    SELECT job.id FROM procrastinate_jobs job
     WHERE job.status = 'doing'
       AND NOT EXISTS (SELECT FROM procrastinate_workers worker WHERE worker.id = job.worker_id
                          AND worker.last_heartbeat >= now() - make_interval(secs => %(stale)s))
       FOR UPDATE SKIP LOCKED),
 given_up AS (
    DELETE FROM procrastinate_jobs job USING gone WHERE job.id = gone.id AND job.attempts + 1 >= {_MOST_TRIES})
UPDATE procrastinate_jobs job SET status = 'todo', attempts = job.attempts + 1, worker_id = NULL
  FROM gone WHERE job.id = gone.id AND job.attempts + 1 < {_MOST_TRIES} RETURNING job.id
"""  # noqa: S608 - a number of ours
_QUEUES = """
SELECT DISTINCT unnest(worker.queues) AS queue FROM workers worker JOIN procrastinate_workers USING (id)
 WHERE last_heartbeat >= now() - make_interval(secs => %(stale)s)
"""
_OPEN = "SELECT id FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status IN ('todo', 'doing')"
_SAME = "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %(key)s AND status = 'todo'"
_TAKE_BACK = "DELETE FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status = 'todo' RETURNING id"


class Queue(Protocol):
    """Where jobs are given to workers."""

    async def run(self, job: Job) -> None:
        """Returns when a job is done elsewhere, or will not be: its answer says which."""


async def sweep(app: "App", *, stale: float = STALE_SECONDS) -> int:
    """Gives the jobs of workers that are gone to others, and says how many; one that kills its workers is removed."""
    return len(await _query(app, _SWEEP, stale=stale))


class DatabaseQueue:
    """Implements `Queue` with jobs in the ledger's database, which is opened for the first job; a context manager."""

    def __init__(self, address: str, *, password: PasswordSource | None = None, stale: float = STALE_SECONDS) -> None:
        self._address, self._password, self._stale = address, password, stale
        self._opened: App | None = None
        self._given: set[asyncio.Task[int | None]] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._watch: asyncio.Task[None] | None = None
        self._queues, self._checked_at, self._swept_at = frozenset[str](), 0.0, 0.0
        self._check = asyncio.Lock()

    async def run(self, job: Job) -> None:
        """Returns when a job is done elsewhere, or will not be: at once where no living worker has its kit."""
        with translate_errors():
            if job.queue not in await self._list_queues():
                return
            giving = asyncio.create_task(self._put(job))
            self._given.add(giving)  # a caller that is cancelled meanwhile leaves a job, which is taken back
            number = await asyncio.shield(giving)
            self._given.discard(giving)
        if number is None:
            return
        waiting = self._waiting.setdefault(number, _Waiting(job.queue))
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_jobs())
        await asyncio.shield(waiting.done)

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Takes back what nobody has begun."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        given = await asyncio.gather(*self._given, return_exceptions=True)
        numbers = [*self._waiting, *(number for number in given if isinstance(number, int))]
        if self._opened is not None:
            with suppress(LedgerError), translate_errors():  # what is left is done by workers, and found by its key
                await _query(self._opened, _TAKE_BACK, ids=numbers)
            await self._opened.close_async()

    @property
    def _app(self) -> "App":
        assert self._opened is not None  # noqa: S101 - `run` opens it before anything else
        return self._opened

    async def _list_queues(self) -> frozenset[str]:
        """The queues that living workers serve; known for a moment."""
        async with self._check:
            if self._opened is None:
                self._opened = await open_app(self._address, password=self._password)
            if time.monotonic() - self._checked_at > self._stale / 8:
                rows = await _query(self._app, _QUEUES, stale=self._stale)
                self._queues, self._checked_at = frozenset(row["queue"] for row in rows), time.monotonic()
        return self._queues

    async def _put(self, job: Job) -> int | None:
        from procrastinate.exceptions import AlreadyEnqueued

        task = self._app.configure_task(TASK, queue=job.queue, queueing_lock=job.key)
        try:
            return await task.defer_async(**job_arguments(job))
        except AlreadyEnqueued:  # by another run, or by one that was killed
            same = await _query(self._app, _SAME, key=job.key)
            return int(same[0]["id"]) if same else None

    async def _watch_jobs(self) -> None:
        """Lets those who wait go on when their job has left the table, when its workers have, or after long."""
        try:
            while self._waiting:
                await asyncio.sleep(min(_LONGEST_POLL, _SHORTEST_POLL * len(self._waiting)))
                with translate_errors():
                    await self._release()
        except Exception as error:
            self._finish([*self._waiting], error)
            if not isinstance(error, HailuoError):
                raise

    async def _release(self) -> None:
        given = dict(self._waiting)  # more may be given while the answer is on its way
        rows = await _query(self._app, _OPEN, ids=[*given])
        found, long_ago = {row["id"] for row in rows}, time.monotonic() - _LONGEST_SECONDS
        self._finish(number for number, each in given.items() if number not in found or each.since < long_ago)
        if time.monotonic() - self._swept_at < self._stale / 4:
            return
        self._swept_at = time.monotonic()
        await sweep(self._app, stale=self._stale)
        served = await self._list_queues()
        left = [number for number, each in self._waiting.items() if each.queue not in served]
        if left:
            self._finish(row["id"] for row in await _query(self._app, _TAKE_BACK, ids=left))

    def _finish(self, numbers: Iterable[int], error: Exception | None = None) -> None:
        for number in numbers:
            waiting = self._waiting.pop(number, None)
            if waiting is not None and not waiting.done.done():
                if error is None:
                    waiting.done.set_result(None)
                else:
                    waiting.done.set_exception(error)


class _Waiting:
    """A job that was given, and who waits for it."""

    def __init__(self, queue: str) -> None:
        self.queue, self.since = queue, time.monotonic()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


async def _query(app: "App", text: str, **values: Any) -> list[dict[str, Any]]:
    return await app.connector.execute_query_all_async(text, **values)
