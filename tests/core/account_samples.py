"""Attempts with the events that lead to them, and nothing in them that a test does not say."""

from collections.abc import Iterator
from typing import Any

from core_samples import usd

from hailuo_batch.core.attempt.attempt import MOVES, Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.audit import AuditInputs

SIZE = 1_000
MADE = (Move.ACCEPT, Move.PRODUCE, Move.KEEP)


def attempt(number: int = 1, **members: Any) -> AttemptRecord:
    plain = {
        "fingerprint": f"v1-{number}", "preimage": "{}", "provider": "minimax", "campaign": "aurora", "shot": "open",
        "take": 1, "tags": (), "run": 1, "stage": Stage.STORED, "task": f"t-{number}", "digest": f"sha256:{number}",
        "estimate": usd("0.28"), "cost": None, "failure": None, "intended_at": 1_790_000_000.0, "changed_at": 0.0,
    }  # fmt: skip
    return AttemptRecord(id=number, **{**plain, **members})


def bare(number: int, stage: Stage, **members: Any) -> AttemptRecord:
    """An attempt that has neither task nor clip, unless they are said."""
    return attempt(number, **{"stage": stage, "task": None, "digest": None, **members})


def failed(number: int, *, why: str = "the model choked", **members: Any) -> AttemptRecord:
    """An attempt whose task failed."""
    failure = Failure(kind=FailureKind.BROKEN, why=why)
    return bare(number, Stage.FAILED, **{"task": f"t-{number}", "failure": failure, **members})


def given_up(number: int, kind: FailureKind = FailureKind.WRITTEN_OFF, **members: Any) -> AttemptRecord:
    """An attempt that a person has ended."""
    task = None if kind is FailureKind.NEVER_SENT else f"t-{number}"
    digest = f"sha256:{number}" if kind is FailureKind.DISCARDED else None
    failure = Failure(kind=kind, why=str(kind))
    return bare(number, Stage.CANCELLED, **{"task": task, "digest": digest, "failure": failure, **members})


def ways(of: AttemptRecord) -> tuple[Move, ...]:
    """The shortest moves that lead to where an attempt stands."""
    kind = of.failure.kind if of.failure is not None else None
    return {
        Stage.INTENDED: (),
        Stage.SUBMITTED: (Move.ACCEPT,),
        Stage.PRODUCED: (Move.ACCEPT, Move.PRODUCE),
        Stage.STORED: MADE,
        Stage.IN_DOUBT: (Move.LOSE_SIGHT,),
        Stage.FAILED: (Move.ACCEPT, Move.FAIL) if of.task else (Move.REFUSE,),
        Stage.CANCELLED: {
            FailureKind.WRITTEN_OFF: (Move.ACCEPT, Move.WRITE_OFF) if of.task else (Move.LOSE_SIGHT, Move.WRITE_OFF),
            FailureKind.DISCARDED: (*MADE, Move.DISCARD),
        }.get(kind, (Move.LOSE_SIGHT, Move.SETTLE)),  # type: ignore[arg-type]
    }[of.stage]


def events_of(
    of: AttemptRecord, first: int, *, moves: tuple[Move, ...] | None = None, reason: str = ""
) -> list[EventRecord]:
    """The events of an attempt, numbered from `first`; a reason comes with the last."""
    told: dict[Move, dict[str, Any]] = {
        Move.ACCEPT: {"task": of.task},
        Move.PRODUCE: {"cost": plain(of.cost)},
        Move.KEEP: {"digest": of.digest},
    }
    stage = Stage.INTENDED
    found = [event(first, of.id, "intend", stage, provider=of.provider, run=1, estimate=plain(of.estimate))]
    for move in ways(of) if moves is None else moves:
        stage = MOVES[stage, move]
        found.append(event(found[-1].id + 1, of.id, move, stage, **told.get(move, {})))
    if reason:
        last = found.pop()
        found.append(event(last.id, of.id, last.move, last.stage, **{**last.data, "reason": reason}))
    return found


def event(number: int, of: int, move: str, stage: Stage, **data: object) -> EventRecord:
    known = {key: value for key, value in data.items() if value is not None}
    return EventRecord(id=number, attempt=of, at=0.0, move=str(move), stage=stage, data=known)


def history(*attempts: AttemptRecord, reason: str = "the client saw enough") -> list[EventRecord]:
    """Each attempt's events, one attempt after the other; people give their reason."""

    def each() -> Iterator[EventRecord]:
        first = 1
        for of in attempts:
            found = events_of(of, first, reason=reason if of.stage is Stage.CANCELLED else "")
            first += len(found)
            yield from found

    return list(each())


def books(*attempts: AttemptRecord, **members: Any) -> AuditInputs:
    """Books in which everything is as it was recorded, but for what a test says."""
    clips = {of.digest: SIZE for of in attempts if of.digest is not None}
    plain = {"events": history(*attempts), "recorded_sizes": clips, "file_sizes": clips}
    return AuditInputs(attempts=attempts, **{**plain, **members})


def plain(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}
