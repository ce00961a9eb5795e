"""The one session that writes to a shared ledger for a holder, through every cut of its line.

Money: a batch has a number. After a cut it goes out again under the same one, and the ledger says what became of it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hailuo_batch.errors import LedgerMovedError
from hailuo_batch.ledger.postgres.connect import PasswordSource, check_server, connect, translate_postgres_errors
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.line import PostgresLine
from hailuo_batch.ledger.postgres.reader import shared_queries

if TYPE_CHECKING:
    import psycopg

_LOG = logging.getLogger("hailuo_batch.ledger")
_SAME_SERVER = ("ledger", "system", "timeline")
_LEAVING_PATIENCE = 15.0  # seconds
Write = dict[str, Any]


class WriterSession:
    """The one session that writes for a holder, through every cut of its line."""

    def __init__(
        self, url: str, card: HolderCard, *, password: PasswordSource | None, patience: float, answer_seconds: float
    ) -> None:
        self.url, self.card = url, card
        self.server: dict[str, Any] = {}
        self.holder = 0
        self._password = password
        self._batch = 0
        self.line = PostgresLine(
            self._open, patience=patience, answer_seconds=answer_seconds, on_away=self._warn_of_cut
        )

    async def enter(self) -> None:
        """Makes this process a holder; the first line must stand at once."""
        with translate_postgres_errors(self.url):
            await self.line.run(lambda _: None, tries=False)

    def hurry(self) -> None:
        """Waits for a ledger that is away no longer than somebody does who wants to leave."""
        self.line.patience = min(self.line.patience, _LEAVING_PATIENCE)

    async def leave(self) -> None:
        """Says that the holder ends, where the line stands, and closes it."""
        self.line.hurry()
        with suppress(Exception):
            await self.line.run(lambda c: c.execute("SELECT leave_holder(%s)", (self.holder,)), tries=False)
        await self.line.close()

    def register(self, connection: "psycopg.Connection", rows: list[dict[str, Any]]) -> None:
        """Registers the holder's caps, which the ledger remembers through every cut."""
        connection.execute("SELECT register_caps(%s, %s::jsonb)", (self.holder, json.dumps(rows)))

    async def write(self, batch: Sequence[Write]) -> Sequence[Any]:
        """What each write of a batch came to. When the ledger refuses all of it, each is tried by itself."""
        import psycopg

        try:
            return await self._write_batch(batch)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.RaiseException):
            if len(batch) == 1:
                raise
        except psycopg.OperationalError:
            self.hurry()  # it was away for too long: what is queued behind does not wait as long again
            raise
        outcomes: list[Any] = []
        for write in batch:
            try:
                outcomes += await self._write_batch([write])
            except psycopg.Error as error:
                outcomes.append(error)
        return outcomes

    async def _write_batch(self, batch: Sequence[Write]) -> Sequence[Any]:
        # Money: never the number of another batch. One that was given up may be written, and its answers are its own.
        self._batch += 1
        number, text = self._batch, json.dumps(batch, separators=(",", ":"))

        def carry_out(connection: "psycopg.Connection") -> Any:
            row = connection.execute("SELECT * FROM write_batch(%s, %s, %s::jsonb)", (self.holder, number, text))
            return row.fetchone()

        answers, records, self.server["lsn"] = await self.line.run(carry_out)
        if records is None:
            return list(answers)
        return [
            records[str(write["attempt"])] if "want" in write and isinstance(answer, str) else answer
            for write, answer in zip(batch, answers, strict=True)
        ]

    def _open(self) -> "psycopg.Connection":
        """A new line, as the same holder. It waits until an earlier session of this holder is gone."""
        connection = self.line.watch(connect(self.url, name=self.card.command, password=self._password))
        try:
            server = self._enter(connection)
        except BaseException:
            connection.close()
            raise
        self.server, self.holder = server, server["holder"]
        return connection

    def _enter(self, connection: "psycopg.Connection") -> dict[str, Any]:
        if self.holder:
            self._check_same(_one(connection, "SELECT read_server()"))
            # Money: what the old session had begun ends with it. Only then it is known what was written.
            connection.execute(shared_queries()["end_old_session"], (self.holder,))
        card = {**self.card.as_tree(), "holder": self.holder or None}
        server = _one(connection, "SELECT enter_holder(%s::jsonb)", json.dumps(card))
        check_server(server, self.url)
        return server

    def _check_same(self, server: Mapping[str, Any]) -> None:
        """Money: another ledger, or a replica that took over, may lack what this run has written."""
        changed = [name for name in _SAME_SERVER if server[name] != self.server[name]]
        if changed:
            raise LedgerMovedError(
                "the shared ledger is no longer the one that this run began with",
                why=f"{self.url} has another {changed[0]} now",
                remedy="Nothing more was submitted. Run `audit --ask` before you buy again.",
            )

    def _warn_of_cut(self, error: Exception) -> None:
        words = (
            "warning: the shared ledger is away (%s). Nothing is submitted until it is back, for %.0f seconds at most."
        )
        _LOG.warning(words, " ".join(str(error).split()), self.line.patience)


def _one(connection: "psycopg.Connection", query: str, *parameters: Any) -> dict[str, Any]:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else {}
