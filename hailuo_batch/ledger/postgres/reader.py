"""The shared ledger for reading: the same readings as of any ledger, and who works on what."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.core.spending.purchase import JournalFinding, Purchase
from hailuo_batch.core.team import Team, make_team
from hailuo_batch.ledger.journal import MOVED_PREFIX
from hailuo_batch.ledger.postgres.connect import PasswordSource, check_server, connect, translate_postgres_errors
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.line import PostgresLine
from hailuo_batch.ledger.queries import read_queries
from hailuo_batch.ledger.reader import RowsLedgerReader, SqliteLedgerReader, list_values
from hailuo_batch.ledger.readings import read_audit_records, read_standings
from hailuo_batch.ledger.rows import LedgerRows
from hailuo_batch.ledger.sqlite import read_ledger

if TYPE_CHECKING:
    import psycopg

Answer = TypeVar("Answer")
_READ_PATIENCE = 5.0  # seconds: a person waits
_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@cache
def shared_queries() -> Mapping[str, str]:
    """The queries of this room, by name."""
    return read_queries(Path(__file__).with_name("queries.sql"))


class PostgresRows:
    """The rows of the queries of this room."""

    def __init__(self, connection: "psycopg.Connection") -> None:
        self._connection = connection

    def rows(self, name: str, *parameters: Any) -> Iterable[Any]:
        """The rows of a query, in its order."""
        return self._connection.execute(shared_queries()[name], parameters)


class PostgresReads:
    """Carries out reading functions on a line."""

    def __init__(self, line: PostgresLine, place: str) -> None:
        self.line, self.place = line, place

    async def run(self, work: Callable[[LedgerRows], Answer], *, one_moment: bool = False) -> Answer:
        """What `work` returns; all its queries see the same moment with `one_moment`."""

        def carry_out(connection: "psycopg.Connection") -> Answer:
            if not one_moment:
                return work(PostgresRows(connection))
            connection.execute(_ONE_MOMENT)
            try:
                return work(PostgresRows(connection))
            finally:
                if not connection.closed:
                    connection.execute("ROLLBACK")

        with translate_postgres_errors(self.place):
            return await self.line.run(carry_out)


class PostgresLedgerReader(RowsLedgerReader):
    """Implements `ports.LedgerReader`. `journal` answers for the purchases of this machine's own ledgers."""

    def __init__(
        self,
        reads: PostgresReads,
        card: HolderCard,
        journal: SqliteLedgerReader | None,
        me: int = 0,
        server: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(reads)
        self._server = server
        self._postgres, self._card, self._journal, self._me = reads, card, journal, me

    @property
    def server(self) -> Mapping[str, Any]:
        """Which ledger and server this is, and how far its log was when it was opened."""
        return self._server

    async def standings(self, fingerprints: Iterable[str] | None = None) -> dict[str, Standing]:
        """The attempt that counts for each fingerprint, or for these, and who has it elsewhere."""
        wanted = list_values(fingerprints)
        work = partial(_read_standings_and_holders, card=self._card, me=self._me, fingerprints=wanted)
        return await self._postgres.run(work, one_moment=True)

    async def audit_records(self) -> tuple[list[AttemptRecord], list[EventRecord], dict[str, ClipSize]]:
        """Every attempt, every event and the size of every clip, all as of one moment, also while others write."""
        return await self._postgres.run(read_audit_records, one_moment=True)

    async def purchases_elsewhere(self, fingerprints: Iterable[str]) -> dict[str, Purchase]:
        """Live purchases of these fingerprints by local ledgers of this machine."""
        if self._journal is None:
            return {}
        found = await self._journal.purchases_elsewhere(fingerprints)
        # What moved to a shared ledger is not elsewhere: it is here.
        return {mark: each for mark, each in found.items() if not each.place.startswith(MOVED_PREFIX)}

    async def known_stores(self) -> tuple[str, ...]:
        """The folders of all stores that ledgers of this machine have used."""
        return () if self._journal is None else await self._journal.known_stores()

    async def ledger_id(self) -> str:
        """Which ledger this is, wherever its server is."""
        return await self._postgres.run(_read_id)

    async def content_key(self) -> str:
        """What stays the same as long as nothing is written; one round trip."""
        return await self._postgres.run(_read_content_key)

    async def team(self) -> Team:
        """Who works on this ledger, as of one moment."""
        return await self._postgres.run(_read_team)

    async def mark(self) -> None:
        """Several write at once, and a lower event may be seen after a higher one: only `content_key` is certain."""
        return

    async def journal_finding(self) -> JournalFinding | None:
        """A shared ledger is not in the journal of one machine: it cannot differ from it."""
        return None


@asynccontextmanager
async def read_shared_ledger(
    url: str,
    *,
    card: HolderCard | None = None,
    journal: Path | None = None,
    password: PasswordSource | None = None,
    patience: float = _READ_PATIENCE,
) -> AsyncIterator[PostgresLedgerReader]:
    """The shared ledger for reading, also while others write. A database without a ledger is an error, and not empty.

    Money: a wrong name must not read as a ledger in which nothing was bought.
    """
    card = card or HolderCard.of_this_process("read")
    server: dict[str, Any] = {}

    def open_line() -> "psycopg.Connection":
        connection = line.watch(connect(url, name=card.command, password=password))
        try:
            row = connection.execute("SELECT read_server()").fetchone()
            server.update(row[0] if row else {})
            check_server(server, url)
        except BaseException:
            connection.close()
            raise
        return connection

    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(open_journal(journal))
        line = PostgresLine(open_line, patience=patience)
        stack.push_async_callback(line.close)
        with translate_postgres_errors(url):
            await line.run(lambda _: None, tries=False)
        yield PostgresLedgerReader(PostgresReads(line, url), card, local, server=server)


@asynccontextmanager
async def open_journal(journal: Path | None) -> AsyncIterator[SqliteLedgerReader | None]:
    """A reader that knows what the local ledgers of this machine have bought."""
    if journal is None or not journal.exists():
        yield None
        return
    async with read_ledger(journal.with_name("no-ledger.db"), journal=journal) as found:
        yield found


def _read_standings_and_holders(
    ledger: LedgerRows, card: HolderCard, me: int, fingerprints: list[str] | None
) -> dict[str, Standing]:
    found = read_standings(ledger, fingerprints)
    dead = {mark for mark, standing in found.items() if standing.stage is Stage.INTENDED}
    for fingerprint, attempt, stage, person, host, since, holder in ledger.rows("holders", card.host, card.place):
        standing = found.get(fingerprint)
        if standing is None or standing.attempt != attempt:
            continue  # of another request, or an earlier one
        if holder == me:
            dead.discard(fingerprint)
            continue
        who = f"{person} on {host}"
        if stage == Stage.STORED:
            found[fingerprint] = replace(standing, kept_by=who)
        else:
            began = datetime.fromtimestamp(since, UTC)
            found[fingerprint] = replace(standing, holder=f"{who} since {began:%H:%M} UTC")
            dead.discard(fingerprint)
    for fingerprint in dead:
        # Money: its holder is gone and may have sent it. The next writer records the doubt.
        found[fingerprint] = replace(found[fingerprint], stage=Stage.IN_DOUBT)
    return found


def _read_id(ledger: LedgerRows) -> str:
    ((found,),) = ledger.rows("identity")
    return str(found)


def _read_content_key(ledger: LedgerRows) -> str:
    ((found,),) = ledger.rows("content_key")
    return str(found)


def _read_team(ledger: LedgerRows) -> Team:
    ((found,),) = ledger.rows("team")
    return make_team(found)
