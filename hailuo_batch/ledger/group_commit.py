"""Many writes, one commit: writes that arrive while the disk is busy share the next transaction.

Each caller continues when its own write is on disk. A write that fails rolls back only itself. A cancelled caller
leaves its write in the queue, where it is completed. Independent of what is written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from hailuo_batch.ledger.connection import LedgerConnection
from hailuo_batch.ledger.errors import translate_sqlite_errors
from hailuo_batch.ledger.transactions import TransactionConnection
from hailuo_batch.values import dataclass

WriteFunction = Callable[[TransactionConnection], Any]
Answer = TypeVar("Answer")
Work = TypeVar("Work")

_MAX_BATCH = 1000  # writes in one commit: the first of them should not wait long for the last


@dataclass(frozen=True, slots=True, kw_only=True)
class _QueuedWrite(Generic[Work]):
    work: Work
    answer: asyncio.Future[Any]


class BatchQueue(Generic[Work]):
    """The queue in front of the one connection that writes, whatever a write is.

    `carry_out` makes a batch durable in one commit. It returns what each write returned or raised; what it raises
    itself goes to all of them.
    """

    def __init__(
        self,
        carry_out: Callable[[Sequence[Work]], Awaitable[Sequence[Any]]],
        *,
        on_unheard: Callable[[Work, Exception], None] = lambda _, __: None,
    ) -> None:
        """`on_unheard` gets each write that failed after its caller was cancelled: nobody else hears of it."""
        self.commits = 0
        self._carry_out, self._on_unheard = carry_out, on_unheard
        self._queue: list[_QueuedWrite[Work]] = []
        self._drain_task: asyncio.Task[None] | None = None
        self._closed = False

    def put(self, work: Work) -> asyncio.Future[Any]:
        """What the write returns, once it is durable; a cancelled caller leaves it in the queue."""
        if self._closed:
            raise AssertionError("the ledger is closed")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append(_QueuedWrite(work=work, answer=future))
        if self._drain_task is None or self._drain_task.done():
            self._drain_task = asyncio.create_task(self._drain(), name="ledger writer")
        return future

    async def close(self) -> None:
        """Accepts no further writes; returns when all queued ones are done, even if the closer is cancelled."""
        self._closed = True
        cancelled: asyncio.CancelledError | None = None
        while self._drain_task is not None and not self._drain_task.done():
            try:
                await asyncio.wait({self._drain_task})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _drain(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:_MAX_BATCH], self._queue[_MAX_BATCH:]
            try:
                outcomes = await self._carry_out([each.work for each in batch])
            except Exception as error:  # noqa: BLE001 — it goes to those who wait, none of whom may go on
                outcomes = [error] * len(batch)
            except BaseException:
                for waiting in batch + self._queue:
                    waiting.answer.cancel()
                self._queue = []
                raise
            else:
                self.commits += 1
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if waiting.answer.done() and isinstance(outcome, Exception):
                    self._on_unheard(waiting.work, outcome)
                _resolve(waiting.answer, outcome)


class WriteQueue(BatchQueue[WriteFunction]):
    """The queue in front of an SQLite connection; a write is a function that runs inside a transaction and ends none.

    It touches nothing but the connection: it is undone and run again when another write of its commit fails.
    """

    def __init__(self, connection: LedgerConnection, check: Callable[[], None]) -> None:
        """`check` raises when what was committed would not be found again; nobody continues then."""
        super().__init__(self._commit)
        self._connection, self._check = connection, check

    async def write(self, work: Callable[[TransactionConnection], Answer]) -> Answer:
        """What `work` returns, once it is durable."""
        with translate_sqlite_errors(self._connection.path):
            found: Answer = await self.put(work)
        return found

    async def _commit(self, batch: Sequence[WriteFunction]) -> Sequence[Any]:
        return await self._connection.run(
            partial(_apply_batch, batch=batch), begin="BEGIN IMMEDIATE", check=self._check
        )


def _resolve(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return  # its caller was cancelled; the write is still done
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _apply_batch(connection: TransactionConnection, batch: Sequence[WriteFunction]) -> list[Any]:
    """What each write returned or raised; all of them are in one transaction.

    One savepoint serves all. When a write raises, which few do, all are undone and done again, each in its own.
    """
    connection.execute("SAVEPOINT every")
    try:
        results = [work(connection) for work in batch]
    except Exception:
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction (no room, a failing disk): no write was done
        connection.execute("ROLLBACK TO every")
        results = [_apply_write(connection, work) for work in batch]
    connection.execute("RELEASE every")
    return results


def _apply_write(connection: TransactionConnection, work: WriteFunction) -> Any:
    """What one write returns or raises; one that raises leaves no trace."""
    connection.execute("SAVEPOINT one")
    try:
        result = work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction (no room, a failing disk): no write was done
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return error
    connection.execute("RELEASE one")
    return result
