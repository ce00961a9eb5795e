"""One SQLite connection on a thread of its own, through aiosqlite. It knows nothing of what the ledger holds.

A whole piece of work crosses to the thread in one hop: statement by statement costs four times the CPU.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosqlite

from hailuo_batch.ledger.errors import plain_words

Answer = TypeVar("Answer")


class Connection(aiosqlite.Connection):
    """An aiosqlite connection that takes whole functions."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], path: Path) -> None:
        super().__init__(self._make, iter_chunk_size=64)
        self.path = path
        self._maker = connector
        self._made: sqlite3.Connection | None = None
        # aiosqlite's thread waits for work for ever. Were it no daemon, any way out that misses `close` would hang the
        # process; as one, it dies with it, and what SQLite had not committed was never promised to anybody.
        self._thread.daemon = True

    def abandon(self) -> None:
        """Ends a connection whose start failed or whose start or close was cancelled.

        aiosqlite stops its thread then, but forgets a connection that was just made, and does not wait for the
        thread's last word, which would be said to a loop that may be closed by then.
        """
        self._thread.join()
        if self._made is not None:
            self._made.close()

    def _make(self) -> sqlite3.Connection:
        self._made = self._maker()
        return self._made

    async def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `work` returns, carried out on the connection's thread."""
        with plain_words(self.path):
            answer: Answer = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer


@asynccontextmanager
async def connected(connector: Callable[[], sqlite3.Connection], path: Path) -> AsyncIterator[Connection]:
    """A connection that is closed on every way out. `connector` runs on its thread."""
    connection = Connection(connector, path)
    with plain_words(path):
        try:
            await connection
        except BaseException:
            connection.abandon()
            raise
    try:
        yield connection
    finally:
        with plain_words(path):
            try:
                await connection.close()
            except BaseException:
                connection.abandon()  # a cancelled close has asked the thread to stop, and not seen it
                raise
