"""A ledger for reading: what `readings.py` knows of any, and what only the one on SQLite has."""

import sqlite3
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Clip, Standing
from hailuo_batch.core.attempt.records import AttemptRecord, EndedAttempt, EventRecord, RunRecord
from hailuo_batch.core.plan.plan import LastRender, ShotVersions
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.core.spending.budget import CountedAttempt
from hailuo_batch.core.spending.charge import Charge
from hailuo_batch.core.spending.purchase import JournalFinding, Purchase
from hailuo_batch.ledger.aggregates import (
    read_campaign_charges,
    read_counted_attempts,
    read_deliveries,
    read_ended_attempts,
    read_render_times,
    read_submit_times,
)
from hailuo_batch.ledger.attempt_rows import read_attempts, read_events, read_open_attempts
from hailuo_batch.ledger.connection import LedgerConnection
from hailuo_batch.ledger.journal import read_journal_finding, read_known_stores, read_purchases_elsewhere
from hailuo_batch.ledger.moves import read_mark
from hailuo_batch.ledger.readings import (
    read_audit_records,
    read_clip_sizes,
    read_clips,
    read_latest_versions,
    read_names,
    read_preimages,
    read_runs,
    read_shot_fingerprints,
    read_standings,
    read_tasks,
    read_versions,
)
from hailuo_batch.ledger.rows import ReadRunner
from hailuo_batch.ports import LedgerMark


class RowsLedgerReader:
    """What a `ports.LedgerReader` answers from the rows of its ledger alone."""

    def __init__(self, connection: ReadRunner) -> None:
        self._reads = connection

    async def standings(self, fingerprints: Iterable[str] | None = None) -> dict[str, Standing]:
        """The attempt that counts for each fingerprint, or for these: the live one, else the last that ended."""
        return await self._reads.run(partial(read_standings, fingerprints=list_values(fingerprints)))

    async def counted_attempts(self) -> list[CountedAttempt]:
        """Every attempt at a provider that costs something, as caps see it."""
        return await self._reads.run(read_counted_attempts)

    async def latest_versions(
        self, campaign: str, *, sketch: bool, shots: Iterable[str] | None = None
    ) -> dict[str, LastRender]:
        """The highest version of each shot, or of these, with the fingerprint of its lowest take."""
        work = partial(read_latest_versions, campaign=campaign, sketch=sketch, shots=list_values(shots))
        return await self._reads.run(work)

    async def clips(self) -> dict[str, Clip]:
        """What is known of each clip that was ever kept, by digest."""
        return await self._reads.run(read_clips)

    async def clip_sizes(self, digests: Iterable[str] | None = None) -> dict[str, ClipSize]:
        """The size and length of each clip, or of these: what sums need, for a third of the time of `read_clips`."""
        return await self._reads.run(partial(read_clip_sizes, digests=list_values(digests)))

    async def preimages(self, fingerprints: Iterable[str]) -> dict[str, str]:
        """The requests of those fingerprints that are known."""
        return await self._reads.run(partial(read_preimages, fingerprints=list(fingerprints)))

    async def attempts(self, fingerprints: Iterable[str] | None = None) -> list[AttemptRecord]:
        """Every attempt for these fingerprints, or every one there is; the oldest first."""
        return await self._reads.run(partial(read_attempts, fingerprints=list_values(fingerprints)))

    async def open_attempts(self) -> list[AttemptRecord]:
        """Every attempt that is neither stored nor ended; the oldest first."""
        return await self._reads.run(read_open_attempts)

    async def ended_attempts(self) -> list[EndedAttempt]:
        """Every attempt at a provider that is stored or has ended, the oldest first: only whose, and how."""
        return await self._reads.run(read_ended_attempts)

    async def tasks(self) -> dict[tuple[str, str], int]:
        """Whose each known task is: provider and id → attempt."""
        return await self._reads.run(read_tasks)

    async def events(self, attempts: Iterable[int]) -> list[EventRecord]:
        """What happened to these attempts, in order."""
        return await self._reads.run(partial(read_events, attempts=list(attempts)))

    async def audit_records(self) -> tuple[list[AttemptRecord], list[EventRecord], dict[str, ClipSize]]:
        """Every attempt, every event and the size of every clip, all as of one moment, also while a run writes."""
        return await self._reads.run(read_audit_records)

    async def render_times(self) -> list[tuple[str, str, float]]:
        """How long the last clips took that providers made: provider, pre-image, seconds; the newest last."""
        return await self._reads.run(read_render_times)

    async def submit_times(self, since: float) -> dict[str, list[float]]:
        """When the last submits went out since then, by provider; the oldest first."""
        return await self._reads.run(partial(read_submit_times, since=since))

    async def campaign_charges(self, campaign: str) -> list[tuple[str, Charge, int]]:
        """What the attempts of a campaign count as: provider, charge, and how many are alike."""
        return await self._reads.run(partial(read_campaign_charges, campaign=campaign))

    async def deliveries(self, since: float) -> set[str]:
        """The providers of which a clip was stored since then; one that was stored again is no delivery."""
        return await self._reads.run(partial(read_deliveries, since=since))

    async def names(self, campaign: str, *, sketch: bool, shots: Iterable[str] | None = None) -> dict[str, str]:
        """Which clip each name of a campaign, or of these shots, was given to: file → fingerprint."""
        return await self._reads.run(partial(read_names, campaign=campaign, sketch=sketch, shots=list_values(shots)))

    async def versions(self, campaign: str, shots: Iterable[str], *, sketch: bool) -> dict[str, ShotVersions]:
        """Every version that each of these shots ever had a name for."""
        return await self._reads.run(partial(read_versions, campaign=campaign, shots=list(shots), sketch=sketch))

    async def shot_fingerprints(self, campaign: str, shot: str, *, sketch: bool) -> set[str]:
        """Every version of a shot: each request whose clip got a name."""
        return await self._reads.run(partial(read_shot_fingerprints, campaign=campaign, shot=shot, sketch=sketch))

    async def runs(self) -> list[RunRecord]:
        """The runs so far, the oldest first."""
        return await self._reads.run(read_runs)


class SqliteLedgerReader(RowsLedgerReader):
    """Implements `ports.LedgerReader`."""

    def __init__(self, connection: LedgerConnection, *, former_file: Path | None = None) -> None:
        super().__init__(connection)
        self._connection = connection
        self._former_file = former_file

    async def purchases_elsewhere(self, fingerprints: Iterable[str]) -> dict[str, Purchase]:
        """Live purchases of these fingerprints by other ledgers of this machine; one that is stored comes first."""
        return await self._connection.run(partial(read_purchases_elsewhere, fingerprints=list(fingerprints)))

    async def known_stores(self) -> tuple[str, ...]:
        """The folders of all stores that ledgers of this machine have used."""
        return await self._connection.run(read_known_stores)

    async def ledger_id(self) -> str:
        """Which ledger this is, wherever its file is; "" while it is not written yet."""
        return await self._connection.run(read_ledger_id)

    async def team(self) -> None:
        """This ledger is of one machine."""

    async def content_key(self) -> str:
        """Nothing: the times and bytes of its file say whether it changed."""
        return ""

    async def mark(self) -> LedgerMark:
        """The moment of now, from which on `read_moves` tells what moves."""
        return await self._connection.run(read_mark)

    async def journal_finding(self) -> JournalFinding | None:
        """How this ledger differs from what the journal of this machine knows of it."""
        return await self._connection.run(
            partial(read_journal_finding, ledger=self._connection.path, former=self._former_file)
        )


def list_values(values: Iterable[str] | None) -> list[str] | None:
    """The values as a list; None stays None."""
    return None if values is None else list(values)


def read_ledger_id(connection: sqlite3.Connection) -> str:
    """See `LedgerReader.ledger_id`. A copy in memory, as of a missing or an older file, has an id of its own."""
    files = {name: file for _, name, file in connection.execute("PRAGMA database_list")}
    if not files["main"]:
        return ""
    found: str = connection.execute("SELECT id FROM identity").fetchone()[0]
    return found
