"""One line to a shared ledger, on a thread of its own, that comes back after it was cut.

What it carries out must be such that it may be carried out again: reads are, and a batch of writes has a number by
which the ledger knows it. It knows nothing of what is read or written.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_batch.ledger.postgres.connect import is_cut, is_undone

if TYPE_CHECKING:
    import psycopg

Answer = TypeVar("Answer")
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)  # seconds between tries; the last one again and again
_WARN_AT = 0.5  # the pause before which people hear of it


class PostgresLine:
    """A connection that takes whole functions, one after the other.

    `opener` connects and does what belongs to it; it is called again after a cut. `patience` is how long a cut line is
    tried again, `answer_seconds` how long a statement may take before its line counts as cut. `on_away` hears once of a
    line that does not come back at once.
    """

    def __init__(
        self,
        opener: Callable[[], "psycopg.Connection"],
        *,
        patience: float,
        answer_seconds: float = 30.0,
        on_away: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self.cuts = 0
        self.patience = patience
        self._opener, self._answer_seconds, self._on_away = opener, answer_seconds, on_away
        self._connection: psycopg.Connection | None = None
        self._opening: psycopg.Connection | None = None
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._busy_since: float | None = None
        self._hurry = threading.Event()
        # A daemon: a way out that misses `close` must not hang the process.
        self._thread = threading.Thread(target=self._serve, name="shared ledger", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[["psycopg.Connection"], Answer], *, tries: bool = True) -> Answer:
        """What `work` returns, also if the caller is cancelled meanwhile; without `tries`, a cut line ends it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def carry_out() -> None:
            settle: Callable[[Any], None] = future.set_result
            try:
                outcome: Any = self._carry_out(work, tries=tries)
            except BaseException as error:  # noqa: BLE001 - it goes to the caller, on the other thread
                outcome, settle = error, future.set_exception
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(_settle, future, settle, outcome)

        self._works.put(carry_out)
        watch = loop.call_later(self._answer_seconds, self._watch, loop, future)
        future.add_done_callback(lambda _: watch.cancel())
        return await asyncio.shield(future)

    def watch(self, connection: "psycopg.Connection") -> "psycopg.Connection":
        """The connection, which the opener hands over before its first statement: that one may hang too."""
        self._opening = connection
        return connection

    def hurry(self) -> None:
        """Gives up on a cut line at the next failure, instead of when patience ends."""
        self._hurry.set()

    async def close(self) -> None:
        """Closes the line once what is queued is done."""
        self._works.put(None)
        while self._thread.is_alive():
            await asyncio.sleep(0.005)

    def _serve(self) -> None:
        while (work := self._works.get()) is not None:
            work()
        self._drop()

    def _carry_out(self, work: Callable[["psycopg.Connection"], Answer], *, tries: bool) -> Answer:
        import psycopg

        began, pauses = time.monotonic(), iter(_PAUSES)
        while True:
            try:
                self._busy_since = time.monotonic()
                if self._connection is None:
                    self._connection = self._opener()
                self._busy_since = time.monotonic()
                return work(self._connection)
            except psycopg.Error as error:
                if is_cut(self._connection, error):
                    self._drop()
                elif not is_undone(error):
                    raise
                if not tries or self._hurry.is_set() or time.monotonic() - began > self.patience:
                    raise
                last = error
            finally:
                self._busy_since = None
            pause = next(pauses, _PAUSES[-1])
            if pause == _WARN_AT:
                self._on_away(last)
            self._hurry.wait(pause)

    def _drop(self) -> None:
        if self._connection is not None:
            self.cuts += 1
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _watch(self, loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Any]") -> None:
        """Cuts a line on which no answer comes. Keepalives do not see a proxy that holds a dead line open."""
        if future.done():
            return
        since, connection = self._busy_since, self._connection or self._opening
        if since is not None and connection is not None and time.monotonic() - since >= self._answer_seconds:
            with suppress(Exception), socket.socket(fileno=socket.dup(connection.pgconn.socket)) as line:
                line.shutdown(socket.SHUT_RDWR)
        loop.call_later(self._answer_seconds / 4, self._watch, loop, future)


def _settle(future: "asyncio.Future[Any]", settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)
