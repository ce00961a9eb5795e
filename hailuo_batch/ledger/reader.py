"""What the ledger says, as values. Everything here reads; nothing decides what to do about it.

Each function takes a plain SQLite connection and is one transaction on its thread; `SqliteLedgerReader` offers them to
the loop.
"""

import json
import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from pathlib import Path

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Clip, Stage, Standing, update_refusals
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EndedAttempt, EventRecord, RunRecord
from hailuo_batch.core.money import Money
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
from hailuo_batch.ledger.attempt_rows import (
    make_event_records,
    parse_money,
    read_attempts,
    read_events,
    read_open_attempts,
)
from hailuo_batch.ledger.connection import LedgerConnection
from hailuo_batch.ledger.journal import read_journal_finding, read_known_stores, read_purchases_elsewhere
from hailuo_batch.ledger.queries import queries


class SqliteLedgerReader:
    """Implements `ports.LedgerReader`."""

    def __init__(self, connection: LedgerConnection, *, former_file: Path | None = None) -> None:
        self._connection = connection
        self._former_file = former_file

    async def standings(self) -> dict[str, Standing]:
        """The attempt that counts for each fingerprint: the live one, else the last that ended."""
        return await self._connection.run(read_standings)

    async def counted_attempts(self) -> list[CountedAttempt]:
        """Every attempt at a provider that costs something, as caps see it."""
        return await self._connection.run(read_counted_attempts)

    async def latest_versions(self, campaign: str, *, sketch: bool) -> dict[str, LastRender]:
        """Each shot's highest version, with the fingerprint of its lowest take."""
        return await self._connection.run(partial(read_latest_versions, campaign=campaign, sketch=sketch))

    async def clips(self) -> dict[str, Clip]:
        """What is known of each clip that was ever kept, by digest."""
        return await self._connection.run(read_clips)

    async def clip_sizes(self) -> dict[str, ClipSize]:
        """Each clip's size and length, by digest: what sums need, for a third of the time of `read_clips`."""
        return await self._connection.run(read_clip_sizes)

    async def preimages(self, fingerprints: Iterable[str]) -> dict[str, str]:
        """The requests of those fingerprints that are known."""
        return await self._connection.run(partial(read_preimages, fingerprints=list(fingerprints)))

    async def attempts(self, fingerprints: Iterable[str] | None = None) -> list[AttemptRecord]:
        """Every attempt for these fingerprints, or every one there is; the oldest first."""
        wanted = None if fingerprints is None else list(fingerprints)
        return await self._connection.run(partial(read_attempts, fingerprints=wanted))

    async def open_attempts(self) -> list[AttemptRecord]:
        """Every attempt that is neither stored nor ended; the oldest first."""
        return await self._connection.run(read_open_attempts)

    async def ended_attempts(self) -> list[EndedAttempt]:
        """Every attempt at a provider that is stored or has ended, the oldest first: only whose, and how."""
        return await self._connection.run(read_ended_attempts)

    async def tasks(self) -> dict[tuple[str, str], int]:
        """Whose each known task is: provider and id → attempt."""
        return await self._connection.run(read_tasks)

    async def events(self, attempts: Iterable[int]) -> list[EventRecord]:
        """What happened to these attempts, in order."""
        return await self._connection.run(partial(read_events, attempts=list(attempts)))

    async def audit_records(self) -> tuple[list[AttemptRecord], list[EventRecord], dict[str, ClipSize]]:
        """Every attempt, every event and the size of every clip, all as of one moment, also while a run writes."""
        return await self._connection.run(read_audit_records)

    async def render_times(self) -> list[tuple[str, str, float]]:
        """How long the last clips took that providers made: provider, pre-image, seconds; the newest last."""
        return await self._connection.run(read_render_times)

    async def submit_times(self, since: float) -> dict[str, list[float]]:
        """When the last submits went out since then, by provider; the oldest first."""
        return await self._connection.run(partial(read_submit_times, since=since))

    async def campaign_charges(self, campaign: str) -> list[tuple[str, Charge, int]]:
        """What the attempts of a campaign count as: provider, charge, and how many are alike."""
        return await self._connection.run(partial(read_campaign_charges, campaign=campaign))

    async def deliveries(self, since: float) -> set[str]:
        """The providers of which a clip was stored since then; one that was stored again is no delivery."""
        return await self._connection.run(partial(read_deliveries, since=since))

    async def names(self, campaign: str, *, sketch: bool) -> dict[str, str]:
        """Which clip each name of a campaign was given to: file → fingerprint."""
        return await self._connection.run(partial(read_names, campaign=campaign, sketch=sketch))

    async def versions(self, campaign: str, shots: Iterable[str], *, sketch: bool) -> dict[str, ShotVersions]:
        """Every version that each of these shots ever had a name for."""
        return await self._connection.run(partial(read_versions, campaign=campaign, shots=list(shots), sketch=sketch))

    async def shot_fingerprints(self, campaign: str, shot: str, *, sketch: bool) -> set[str]:
        """Every version of a shot: each request whose clip got a name."""
        return await self._connection.run(partial(read_shot_fingerprints, campaign=campaign, shot=shot, sketch=sketch))

    async def runs(self) -> list[RunRecord]:
        """The runs so far, the oldest first."""
        return await self._connection.run(read_runs)

    async def purchases_elsewhere(self, fingerprints: Iterable[str]) -> dict[str, Purchase]:
        """Live purchases of these fingerprints by other ledgers of this machine; one that is stored comes first."""
        return await self._connection.run(partial(read_purchases_elsewhere, fingerprints=list(fingerprints)))

    async def known_stores(self) -> tuple[str, ...]:
        """The folders of all stores that ledgers of this machine have used."""
        return await self._connection.run(read_known_stores)

    async def ledger_id(self) -> str:
        """Which ledger this is, wherever its file is; "" while it is not written yet."""
        return await self._connection.run(read_ledger_id)

    async def journal_finding(self) -> JournalFinding | None:
        """How this ledger differs from what the journal of this machine knows of it."""
        return await self._connection.run(
            partial(read_journal_finding, ledger=self._connection.path, former=self._former_file)
        )


def read_ledger_id(connection: sqlite3.Connection) -> str:
    """See `LedgerReader.ledger_id`. A copy in memory, as of a missing or an older file, has an id of its own."""
    files = {name: file for _, name, file in connection.execute("PRAGMA database_list")}
    if not files["main"]:
        return ""
    found: str = connection.execute("SELECT id FROM identity").fetchone()[0]
    return found


def read_standings(connection: sqlite3.Connection) -> dict[str, Standing]:
    """See `LedgerReader.standings`. A run with nothing to do waits for it: 100,000 rows take a third of a second."""
    found: dict[str, Standing] = {}
    stages = {str(stage): stage for stage in Stage}
    providers: dict[str, str] = {}  # one string for each provider, not one for each row
    amounts: dict[tuple[str, str], Money] = {}
    rows = connection.execute(queries()["standings"])
    for fingerprint, attempt, stage, provider, task, digest, amount, currency, quoted, unit, kind, why, since in rows:
        there = found.get(fingerprint)
        if there is not None and there.stage in LIVE_STAGES:
            continue
        refused_by = () if there is None else there.refused_by
        if kind is not None or refused_by:
            refused_by = update_refusals(refused_by, provider, None if kind is None else FailureKind(kind), task)
        cost = None
        if amount is not None:
            cost = amounts.get((amount, currency))
            if cost is None:
                cost = amounts[amount, currency] = Money(amount=Decimal(amount), currency=currency)
        found[fingerprint] = Standing(
            attempt=attempt,
            stage=stages[stage],
            provider=providers.setdefault(provider, provider),
            task=task,
            digest=digest,
            cost=cost,
            quote=None if quoted is None else parse_money(quoted, unit),
            kind=None if kind is None else FailureKind(kind),
            why=why,
            refused_by=refused_by,
            since=since,
        )
    return found


def read_latest_versions(connection: sqlite3.Connection, campaign: str, *, sketch: bool) -> dict[str, LastRender]:
    """See `LedgerReader.latest_versions`."""
    found: dict[str, LastRender] = {}
    for shot, version, take, fingerprint in connection.execute(queries()["past"], (campaign, sketch)):
        if shot not in found:  # the highest version comes first, and its lowest take
            found[shot] = LastRender(version=version, take=take, fingerprint=fingerprint)
    return found


def read_clips(connection: sqlite3.Connection) -> dict[str, Clip]:
    """See `LedgerReader.clips`."""
    codecs: dict[str, str] = {}
    return {
        digest: Clip(
            digest=digest,
            size=size,
            width=width,
            height=height,
            seconds=seconds,
            frames=frames,
            codec=codecs.setdefault(codec, codec),
        )
        for digest, size, width, height, seconds, frames, codec in connection.execute(queries()["artifacts"])
    }


def read_clip_sizes(connection: sqlite3.Connection) -> dict[str, ClipSize]:
    """See `LedgerReader.clip_sizes`. Clips of one size and length share one value."""
    shared: dict[tuple[int, float], ClipSize] = {}
    found = {}
    for digest, size, seconds in connection.execute(queries()["footage"]):
        known = shared.get((size, seconds))
        if known is None:
            known = shared[size, seconds] = ClipSize(size=size, seconds=seconds)
        found[digest] = known
    return found


def read_preimages(connection: sqlite3.Connection, fingerprints: list[str]) -> dict[str, str]:
    """See `LedgerReader.preimages`."""
    return dict(connection.execute(queries()["preimages"], (json.dumps(fingerprints),)))


def read_tasks(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """See `LedgerReader.tasks`."""
    return {(provider, task): attempt for provider, task, attempt in connection.execute(queries()["tasks"])}


def read_audit_records(
    connection: sqlite3.Connection,
) -> tuple[list[AttemptRecord], list[EventRecord], dict[str, ClipSize]]:
    """See `LedgerReader.audit_records`."""
    # All in the one transaction that this function is: what a run writes between two reads is in none of them.
    every = make_event_records(connection.execute(queries()["all_events"]))
    return read_attempts(connection, None), every, read_clip_sizes(connection)


def read_names(connection: sqlite3.Connection, campaign: str, *, sketch: bool) -> dict[str, str]:
    """See `LedgerReader.names`."""
    return dict(connection.execute(queries()["names"], (campaign, sketch)))


def read_versions(
    connection: sqlite3.Connection, campaign: str, shots: list[str], *, sketch: bool
) -> dict[str, ShotVersions]:
    """See `LedgerReader.versions`."""
    known: dict[str, dict[str, int]] = {}
    for shot, version, mark in connection.execute(queries()["versions"], (campaign, sketch, json.dumps(shots))):
        known.setdefault(shot, {})[mark] = version
    return {shot: ShotVersions(by_fingerprint=marks, highest=max(marks.values())) for shot, marks in known.items()}


def read_shot_fingerprints(connection: sqlite3.Connection, campaign: str, shot: str, *, sketch: bool) -> set[str]:
    """See `LedgerReader.shot_fingerprints`."""
    return {mark for (mark,) in connection.execute(queries()["fingerprints_of"], (campaign, sketch, shot))}


def read_runs(connection: sqlite3.Connection) -> list[RunRecord]:
    """See `LedgerReader.runs`."""
    return [
        RunRecord(
            id=number,
            manifest=manifest,
            campaign=campaign,
            sketch=bool(sketch),
            started_at=started_at,
            ended_at=ended_at,
            stored=stored,
            failed=failed,
            exit=exit_code,
        )
        for number, manifest, campaign, sketch, started_at, ended_at, stored, failed, exit_code in connection.execute(
            queries()["runs"]
        )
    ]
