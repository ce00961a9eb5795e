"""One SQLite connection on a thread of its own, through aiosqlite. It knows nothing of what the ledger holds.

A whole piece of work crosses to the thread in one hop: statement by statement costs four times the CPU.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosqlite

from hailuo_batch.ledger.trouble import plain_words

Answer = TypeVar("Answer")


class Connection(aiosqlite.Connection):
    """An aiosqlite connection that takes whole functions."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], path: Path) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.path = path
        # aiosqlite's thread waits for work for ever. Were it no daemon, any way out that misses `close` would hang the
        # process; as one, it dies with it, and what SQLite had not committed was never promised to anybody.
        self._thread.daemon = True

    def join(self) -> None:
        """Returns when the thread is gone. aiosqlite stops it after a failed start, but does not wait for its last word,
        which the thread would say to a loop that may be closed by then."""
        self._thread.join()

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
            connection.join()
            raise
    try:
        yield connection
    finally:
        with plain_words(path):
            await connection.close()
