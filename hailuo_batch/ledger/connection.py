"""One SQLite connection on a thread of its own, through aiosqlite. It knows nothing of what the ledger holds.

Where no event loop runs, as in `plan`, nothing else would go on meanwhile, so the connection is used in place: loading
asyncio and aiosqlite takes longer than planning a shot.

A whole transaction crosses to the thread in one hop: statement by statement costs four times the CPU. aiosqlite takes
no functions, but it carries `commit` over; `TransactionConnection.commit` does the rest.
"""

import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hailuo_batch.ledger.errors import translate_sqlite_errors
from hailuo_batch.ledger.transactions import TransactionConnection

if TYPE_CHECKING:
    import aiosqlite

Answer = TypeVar("Answer")
_START_SECONDS = 5.0  # until a thread that was started has begun; it needs a thousandth of one
Connector = Callable[[], TransactionConnection]


class LedgerConnection:
    """A connection that takes whole functions; each is one transaction."""

    def __init__(self, path: Path, file: TransactionConnection, thread: "aiosqlite.Connection | None" = None) -> None:
        self.path = path
        self._file, self._thread = file, thread

    async def run(
        self,
        work: Callable[[TransactionConnection], Answer],
        *,
        begin: str = "BEGIN",
        check: Callable[[], None] | None = None,
    ) -> Answer:
        """What `work` returns, carried out on the connection's thread if it has one, even if the caller is cancelled.

        `check` is called there when it is committed, and what it raises is raised here.
        """
        answers: list[Answer] = []
        self._file.queue(lambda: answers.append(work(self._file)), begin=begin, check=check)
        with translate_sqlite_errors(self.path):
            if self._thread is None:
                self._file.commit()
            else:
                await self._thread.commit()
        return answers[0]  # Money: empty, and so an error, if aiosqlite ever committed without us


@asynccontextmanager
async def open_connection(connector: Connector, path: Path) -> AsyncIterator[LedgerConnection]:
    """A connection that is closed on every way out. `connector` runs on its thread."""
    if not _is_in_event_loop():
        with _open_in_place(connector, path) as connection_in_place:
            yield connection_in_place
        return
    opener = _Opener(connector)
    connection = _make_daemon_connection(opener)
    with translate_sqlite_errors(path):
        try:
            await connection
        except BaseException:
            opener.abandon(connection)
            raise
    try:
        yield LedgerConnection(path, opener.file, connection)
    finally:
        with translate_sqlite_errors(path):
            try:
                await connection.close()
            except BaseException:
                opener.abandon(connection)
                raise


def _is_in_event_loop() -> bool:
    asyncio = sys.modules.get("asyncio")  # where it is not even loaded, no loop runs
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _open_in_place(connector: Connector, path: Path) -> Iterator[LedgerConnection]:
    with translate_sqlite_errors(path):
        file = connector()
    try:
        yield LedgerConnection(path, file)
    finally:
        with translate_sqlite_errors(path):
            file.close()


class _Opener:
    """Opens the file on aiosqlite's thread, and remembers both for a way out on which aiosqlite forgets them."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._started = threading.Event()

    def __call__(self) -> TransactionConnection:
        self._thread = threading.current_thread()
        self._started.set()
        self.file = self._connector()
        return self.file

    def abandon(self, connection: "aiosqlite.Connection") -> None:
        """Ends a connection whose start failed, or whose start or close was cancelled.

        aiosqlite stops its thread then, but does not close a file that was just opened. It does not wait for the
        thread either, which would speak to a loop that may be closed by then.
        """
        if not self._started.wait(_START_SECONDS):
            return  # the system gave no thread
        connection.stop()  # once more does no harm, and an interrupt may have come before the first
        self._thread.join()
        if hasattr(self, "file"):
            self.file.close()


def _make_daemon_connection(connector: Connector) -> "aiosqlite.Connection":
    """An aiosqlite connection whose thread ends with the process.

    The thread waits for work without end: any way out that misses `close` would hang the process. What SQLite had not
    committed by then was never promised to a caller. aiosqlite has no option for this, but Python makes a thread a
    daemon when the thread that creates it is one.
    """
    import aiosqlite

    made: list[aiosqlite.Connection] = []
    maker = threading.Thread(target=lambda: made.append(aiosqlite.Connection(connector, 64)), daemon=True)
    maker.start()
    maker.join()
    return made[0]
