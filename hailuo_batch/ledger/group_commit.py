"""Many writes, one commit: whatever waits while the disk is busy shares the next transaction.

Each caller goes on when its own write has reached the disk. One write that fails takes back only itself. A caller that
is cancelled leaves its write in the queue: it is done whole. Nothing here knows what is written.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from hailuo_batch.ledger.connection import Connection
from hailuo_batch.ledger.errors import plain_words

Work = Callable[[sqlite3.Connection], Any]
Answer = TypeVar("Answer")

_MOST = 1000  # writes in one commit: the first of them should not wait long for the last


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    work: Work
    answer: asyncio.Future[Any]


class Writer:
    """The queue in front of the one connection that writes."""

    def __init__(self, connection: Connection) -> None:
        self.commits = 0
        self._connection = connection
        self._queue: list[_Waiting] = []
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `work` returns, once it is durable; `work` runs inside a transaction and ends none."""
        if self._closed:
            raise AssertionError("the ledger is closed")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(work=work, answer=future))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._empty_queue(), name="ledger writer")
        with plain_words(self._connection.path):
            return await future

    async def close(self) -> None:
        """Takes no more, and returns when everything queued is written, even if the closer is cancelled meanwhile."""
        self._closed = True
        cancelled: asyncio.CancelledError | None = None
        while self._pump is not None and not self._pump.done():
            try:
                await asyncio.wait({self._pump})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _empty_queue(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
            try:
                outcomes = await self._connection.run(partial(_commit, batch=batch))
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
                _answer(waiting.answer, outcome)


def _answer(future: asyncio.Future[Any], outcome: Any) -> None:
    if future.done():
        return  # its caller was cancelled; the write is done all the same
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _commit(connection: sqlite3.Connection, batch: Sequence[_Waiting]) -> list[Any]:
    """One transaction for all; what each returned or raised."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_carry_out(connection, waiting.work) for waiting in batch]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _carry_out(connection: sqlite3.Connection, work: Work) -> Any:
    """What one write returns or raises; one that raises leaves no trace."""
    connection.execute("SAVEPOINT one")
    try:
        result = work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction (no room, a failing disk): nobody's write was done
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return error
    connection.execute("RELEASE one")
    return result
