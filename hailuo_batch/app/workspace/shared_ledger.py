"""Opens a ledger that several machines share, and refuses where another one would stand in for it.

Money: nothing is intended in a ledger whose server may have lost purchases, until somebody has compared and settled it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hailuo_batch.app.workspace.identity import login_name
from hailuo_batch.app.workspace.shared_content import read_password
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.shared_places import SharedPlaces
from hailuo_batch.core.spending.purchase import JournalFault, JournalFinding, explain_journal_fault
from hailuo_batch.errors import LedgerError
from hailuo_batch.load.project_root import SETTINGS_FILE
from hailuo_batch.load.user_state import find_user_state
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.ledger.postgres.holders import HolderCard
    from hailuo_batch.ledger.postgres.probe import LedgerProbe
    from hailuo_batch.ledger.postgres.seen_server import SeenServer
    from hailuo_batch.ports import Clock, LedgerReader, LedgerWriter

_NO_FACTS = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLedger:
    """Where a project's shared ledger is, who opens it, and the journal of this machine's own ledgers."""

    places: SharedPlaces
    root: Path
    journal: Path

    @asynccontextmanager
    async def read(self) -> "AsyncIterator[LedgerReader]":
        """The ledger for reading."""
        from hailuo_batch.ledger.postgres.reader import read_shared_ledger

        async with read_shared_ledger(
            self.places.ledger, card=self._card("read"), journal=self.journal, password=read_password
        ) as ledger:
            finding = self._find_change(ledger.server)
            yield ledger if finding is None else cast("LedgerReader", _ChangedReader(ledger, finding))

    @asynccontextmanager
    async def open(self, clock: "Clock", command: str) -> "AsyncIterator[LedgerWriter]":
        """The ledger for writing, as a holder of its own."""
        from hailuo_batch.ledger.postgres.seen_server import make_seen, write_seen_server
        from hailuo_batch.ledger.postgres.writer import open_shared_ledger

        async with open_shared_ledger(
            self.places.ledger, clock=clock, card=self._card(command), journal=self.journal, password=read_password
        ) as ledger:
            finding = self._find_change(ledger.server)
            if finding is not None:
                yield cast("LedgerWriter", _ChangedWriter(ledger, finding))
                return
            try:
                self._remember(make_seen(ledger.server), write_seen_server)
                yield ledger
            finally:
                self._remember(make_seen(ledger.server), write_seen_server)

    async def settle(self, clock: "Clock", reason: str) -> bool:
        """Says for all machines that the ledger was compared with the accounts; whether that was needed."""
        from hailuo_batch.ledger.postgres.seen_server import make_seen, write_seen_server
        from hailuo_batch.ledger.postgres.writer import open_shared_ledger

        async with open_shared_ledger(
            self.places.ledger, clock=clock, card=self._card("ledger settle"), password=read_password
        ) as ledger:
            if self._find_change(ledger.server) is None:
                return False
            await ledger.settle_server(reason)
            self._remember(make_seen(ledger.server), write_seen_server)
        return True

    def probe(self) -> "LedgerProbe":
        """What is true of the server and of what is between: tried, and not believed."""
        from hailuo_batch.ledger.postgres.probe import probe_ledger

        return probe_ledger(self.places.ledger, password=read_password)

    def report_owed(self, clips: int) -> None:
        """Says to other machines how many clips are only on this one."""
        from hailuo_batch.ledger.postgres.probe import report_owed

        report_owed(self.places.ledger, self._card("push"), clips, password=read_password)

    def _find_change(self, server: Any) -> JournalFinding | None:
        from hailuo_batch.ledger.postgres.seen_server import find_server_change, read_seen_server

        place = self.places.ledger_place
        why = find_server_change(read_seen_server(find_user_state(), place), server)
        return JournalFinding(fault=JournalFault.CHANGED, attempts=0, place=place, why=why) if why else None

    def _remember(self, seen: "SeenServer", write: Any) -> None:
        write(find_user_state(), self.places.ledger_place, seen)

    def _card(self, command: str) -> "HolderCard":
        from hailuo_batch.ledger.postgres.holders import HolderCard

        return HolderCard.of_this_process(command, person=login_name(), place=str(self.root.resolve()))


def find_shared_ledger(places: SharedPlaces, root: Path, journal: Path) -> SharedLedger | None:
    """The shared ledger of the project at `root`; None where it has one of its own.

    Money: what a shared ledger has bought is in no other, so where one is named, none may stand in for it.
    """
    if "ledger" in places.untrusted:
        from hailuo_batch.load.gateway_keys import untrusted_error
        from hailuo_batch.load.settings import read_project

        project = read_project(root)
        place = project.stakes.places.ledger_place
        raise untrusted_error(project, f"{SETTINGS_FILE} names a shared ledger, {place}.")
    if not places.ledger:
        return None
    require_driver()
    return SharedLedger(places=places, root=root, journal=journal)


def require_driver() -> None:
    """Raises `LedgerError` where the library for a shared ledger is not installed."""
    if find_spec("psycopg") is None:
        raise LedgerError(
            "a shared ledger needs the extra `team`",
            why=f"{SETTINGS_FILE} names a ledger in PostgreSQL, and psycopg is not installed. Nothing was submitted",
            remedy="Install it:\n    pip install 'hailuo-batch[team]'",
        )


class _ChangedReader:
    """A reader of a ledger that may lack purchases: it says so."""

    def __init__(self, ledger: "LedgerReader", finding: JournalFinding) -> None:
        self._ledger, self._finding = ledger, finding

    async def journal_finding(self) -> JournalFinding | None:
        return self._finding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class _ChangedWriter(_ChangedReader):
    """A writer of it: what is there can be followed and settled, and nothing can be sent."""

    async def record_intent(self, _: Intent) -> int:
        raise explain_journal_fault(self._finding, ledger=self._finding.place)

    async def move(self, attempt: int, move: Move, facts: Facts = _NO_FACTS) -> Stage:
        if move is Move.RESEND:
            raise explain_journal_fault(self._finding, ledger=self._finding.place)
        return await cast("LedgerWriter", self._ledger).move(attempt, move, facts)
