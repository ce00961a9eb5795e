"""Rows of attempts and events → records; each function is one read on the ledger's thread, as in `reader.py`."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.money import Money
from hailuo_batch.ledger.rows import LedgerRows


def read_attempts(ledger: LedgerRows, fingerprints: list[str] | None) -> list[AttemptRecord]:
    """See `LedgerReader.attempts`."""
    every = fingerprints is None
    return make_attempt_records(
        ledger.rows("all_attempts") if every else ledger.rows("attempts", json.dumps(fingerprints))
    )


def read_attempt(ledger: LedgerRows, number: int) -> AttemptRecord:
    """One attempt by its number."""
    (found,) = make_attempt_records(ledger.rows("attempt", number))
    return found


def read_open_attempts(ledger: LedgerRows) -> list[AttemptRecord]:
    """See `LedgerReader.open_attempts`."""
    return make_attempt_records(ledger.rows("open_attempts"))


def make_attempt_records(rows: Iterable[Any]) -> list[AttemptRecord]:
    """The records of rows of attempts."""
    return [
        AttemptRecord(
            id=number,
            fingerprint=fingerprint,
            preimage=preimage,
            provider=provider,
            campaign=campaign,
            shot=shot,
            take=take,
            tags=tuple(json.loads(tags)),
            run=run,
            stage=Stage(stage),
            task=task,
            digest=digest,
            estimate=parse_money(*estimate),
            quote=parse_money(*quote),
            cost=parse_money(*cost),
            failure=_parse_failure(*failure),
            intended_at=intended_at,
            changed_at=changed_at,
        )
        for number, fingerprint, preimage, provider, campaign, shot, take, tags, run, stage, task, digest, *rest in rows
        for estimate, quote, cost, failure, (intended_at, changed_at) in [
            (rest[:2], rest[2:4], rest[4:6], rest[6:9], rest[9:])
        ]
    ]


def read_events(ledger: LedgerRows, attempts: list[int]) -> list[EventRecord]:
    """See `LedgerReader.events`."""
    return make_event_records(ledger.rows("events", json.dumps(attempts)))


def make_event_records(rows: Iterable[Any]) -> list[EventRecord]:
    """The records of rows of events."""
    stages = {str(stage): stage for stage in Stage}
    moves: dict[str, str] = {}  # one string for each move, not one for each row
    return [
        EventRecord(
            id=number,
            attempt=attempt,
            at=at,
            move=moves.setdefault(move, move),
            stage=stages[stage],
            data=json.loads(data),
        )
        for number, attempt, at, move, stage, data in rows
    ]


def parse_money(amount: str | None, currency: str | None) -> Money | None:
    """An amount as two columns have it; None where one of them is empty."""
    return None if amount is None or currency is None else Money(amount=Decimal(amount), currency=currency)


def _parse_failure(kind: str | None, why: str, remedy: str) -> Failure | None:
    return None if kind is None else Failure(kind=FailureKind(kind), why=why, remedy=remedy)
