"""An SQLite connection that carries out whole transactions. It knows nothing of threads or of what rows mean."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from hailuo_batch.ledger.queries import queries


class TransactionConnection(sqlite3.Connection):
    """A connection whose `commit` carries out the transaction that was queued first, and commits it.

    `sqlite3.connect(factory=…)` makes it. Between two calls of `commit` it is never inside a transaction.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._queue: deque[Callable[[], None]] = deque()

    def queue(self, work: Callable[[], None], *, begin: str, check: Callable[[], None] | None = None) -> None:
        """Queues a transaction; any thread may. What `work` raises is raised by its `commit`, and undoes all of it.

        What `check` raises is raised as well; it is called when the transaction is committed, and undoes nothing.
        """
        self._queue.append(lambda: self._transact(work, begin, check))

    def rows(self, name: str, *parameters: Any) -> Iterable[Any]:
        """The rows of a query of `queries.sql`, inside the transaction that is going on."""
        return self.execute(queries()[name], parameters)

    def commit(self) -> None:
        """Carries out the next transaction."""
        self._queue.popleft()()

    def _transact(self, work: Callable[[], None], begin: str, check: Callable[[], None] | None) -> None:
        self.execute(begin)
        try:
            work()
            self.execute("COMMIT")
        except BaseException:
            if self.in_transaction:  # SQLite may have given it up already: no room, a failing disk
                self.execute("ROLLBACK")
            raise
        if check is not None:
            check()
