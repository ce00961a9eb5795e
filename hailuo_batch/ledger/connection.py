"""One SQLite connection on a thread of its own, through aiosqlite. It knows nothing of what the ledger holds.

A whole piece of work crosses to the thread in one hop: statement by statement costs four times the CPU.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosqlite

from hailuo_batch.ledger.errors import translate_sqlite_errors

Answer = TypeVar("Answer")


class LedgerConnection(aiosqlite.Connection):
    """An aiosqlite connection that takes whole functions."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], path: Path) -> None:
        super().__init__(self._make_connection, iter_chunk_size=64)
        self.path = path
        self._make_raw = connector
        self._raw_connection: sqlite3.Connection | None = None
        # aiosqlite's thread waits for work for ever. Were it no daemon, any way out that misses `close` would hang the
        # process; as one, it dies with it, and what SQLite had not committed was never promised to anybody.
        self._thread.daemon = True

    def abandon(self) -> None:
        """Ends a connection whose start failed or whose start or close was cancelled.

        aiosqlite stops its thread then, but forgets a connection that was just made, and does not wait for the
        thread's last word, which would be said to a loop that may be closed by then.
        """
        self._thread.join()
        if self._raw_connection is not None:
            self._raw_connection.close()

    def _make_connection(self) -> sqlite3.Connection:
        self._raw_connection = self._make_raw()
        return self._raw_connection

    async def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `work` returns, carried out on the connection's thread."""
        with translate_sqlite_errors(self.path):
            answer: Answer = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer


@asynccontextmanager
async def open_connection(connector: Callable[[], sqlite3.Connection], path: Path) -> AsyncIterator[LedgerConnection]:
    """A connection that is closed on every way out. `connector` runs on its thread."""
    connection = LedgerConnection(connector, path)
    with translate_sqlite_errors(path):
        try:
            await connection
        except BaseException:
            connection.abandon()
            raise
    try:
        yield connection
    finally:
        with translate_sqlite_errors(path):
            try:
                await connection.close()
            except BaseException:
                connection.abandon()  # a cancelled close has asked the thread to stop, and not seen it
                raise
