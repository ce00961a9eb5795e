"""What a ledger says, as values, whatever database it is in. Everything reads; nothing decides what to do about it.

Each function is one read on the thread of its connection.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Clip, Stage, Standing, update_refusals
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, RunRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, ShotVersions
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.ledger.attempt_rows import make_event_records, parse_money, read_attempts
from hailuo_batch.ledger.rows import LedgerRows


def _read_some(ledger: LedgerRows, every: str, some: str, values: list[str] | None, *given: Any) -> Iterable[Any]:
    """The rows of the query `every`, or of `some` for these values alone."""
    return ledger.rows(every, *given) if values is None else ledger.rows(some, *given, json.dumps(values))


def read_standings(ledger: LedgerRows, fingerprints: list[str] | None = None) -> dict[str, Standing]:
    """See `LedgerReader.standings`. A run with nothing to do waits for it: 100,000 rows take a third of a second."""
    found: dict[str, Standing] = {}
    stages = {str(stage): stage for stage in Stage}
    providers: dict[str, str] = {}  # one string for each provider, not one for each row
    amounts: dict[tuple[str, str], Money] = {}
    rows = _read_some(ledger, "standings", "standings_of", fingerprints)
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


def read_latest_versions(
    ledger: LedgerRows, campaign: str, *, sketch: bool, shots: list[str] | None
) -> dict[str, LastRender]:
    """See `LedgerReader.latest_versions`."""
    found: dict[str, LastRender] = {}
    for shot, version, take, fingerprint in _read_some(ledger, "past", "past_of", shots, campaign, sketch):
        if shot not in found:  # the highest version comes first, and its lowest take
            found[shot] = LastRender(version=version, take=take, fingerprint=fingerprint)
    return found


def read_clips(ledger: LedgerRows) -> dict[str, Clip]:
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
        for digest, size, width, height, seconds, frames, codec in ledger.rows("artifacts")
    }


def read_clip_sizes(ledger: LedgerRows, digests: list[str] | None = None) -> dict[str, ClipSize]:
    """See `LedgerReader.clip_sizes`. Clips of one size and length share one value."""
    shared: dict[tuple[int, float], ClipSize] = {}
    found = {}
    for digest, size, seconds in _read_some(ledger, "footage", "footage_of", digests):
        known = shared.get((size, seconds))
        if known is None:
            known = shared[size, seconds] = ClipSize(size=size, seconds=seconds)
        found[digest] = known
    return found


def read_preimages(ledger: LedgerRows, fingerprints: list[str]) -> dict[str, str]:
    """See `LedgerReader.preimages`."""
    return dict(ledger.rows("preimages", json.dumps(fingerprints)))


def read_tasks(ledger: LedgerRows) -> dict[tuple[str, str], int]:
    """See `LedgerReader.tasks`."""
    return {(provider, task): attempt for provider, task, attempt in ledger.rows("tasks")}


def read_audit_records(
    ledger: LedgerRows,
) -> tuple[list[AttemptRecord], list[EventRecord], dict[str, ClipSize]]:
    """See `LedgerReader.audit_records`."""
    # All in the one transaction that this function is: what a run writes between two reads is in none of them.
    every = make_event_records(ledger.rows("all_events"))
    return read_attempts(ledger, None), every, read_clip_sizes(ledger)


def read_names(ledger: LedgerRows, campaign: str, *, sketch: bool, shots: list[str] | None) -> dict[str, str]:
    """See `LedgerReader.names`."""
    return dict(_read_some(ledger, "names", "names_of", shots, campaign, sketch))


def read_versions(ledger: LedgerRows, campaign: str, shots: list[str], *, sketch: bool) -> dict[str, ShotVersions]:
    """See `LedgerReader.versions`."""
    known: dict[str, dict[str, int]] = {}
    for shot, version, mark in ledger.rows("versions", campaign, sketch, json.dumps(shots)):
        known.setdefault(shot, {})[mark] = version
    return {shot: ShotVersions(by_fingerprint=marks, highest=max(marks.values())) for shot, marks in known.items()}


def read_shot_fingerprints(ledger: LedgerRows, campaign: str, shot: str, *, sketch: bool) -> set[str]:
    """See `LedgerReader.shot_fingerprints`."""
    return {mark for (mark,) in ledger.rows("fingerprints_of", campaign, sketch, shot)}


def read_runs(ledger: LedgerRows) -> list[RunRecord]:
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
        for number, manifest, campaign, sketch, started_at, ended_at, stored, failed, exit_code in ledger.rows("runs")
    ]
