"""Mends a ledger from the journal of purchases: attempts that only the journal knows are recorded again.

Each is brought to its stage by the moves of `core/attempt/attempt.py`, so that `audit` can replay its events. A stored
clip comes back as `produced`: what it is has to be probed again.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.ledger.attempt_rows import parse_money
from hailuo_batch.ledger.queries import queries
from hailuo_batch.ledger.sqlite import insert_intent, move_attempt
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.values import dataclass

_REASON = "taken over from the journal of purchases"
_NO_ANSWER = Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="the ledger that knew the answer is gone")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    """A purchase that the ledger lacks, or has at an earlier stage."""

    ledger: str
    attempt: int
    intent: Intent
    stage: Stage
    facts: Facts
    digest: str  # of its clip; "" where none was stored


def take_over(connection: sqlite3.Connection, place: str, now: float) -> dict[int, str]:
    """See `LedgerWriter.take_over_purchases`."""
    (own,) = connection.execute("SELECT id FROM identity").fetchone()
    rows = connection.execute(queries()["missing_purchases"], {"own": own, "place": place}).fetchall()
    # They are this ledger's from here on: the trigger enters each again, under the number that it gets here.
    connection.executemany("DELETE FROM purchases WHERE ledger = ? AND attempt = ?", [row[:2] for row in rows])
    taken = {_take_over_one(connection, missing, own, now): missing.digest for missing in map(_parse, rows)}
    return {attempt: digest for attempt, digest in taken.items() if attempt is not None}


def _take_over_one(connection: sqlite3.Connection, missing: _Missing, own: str, now: float) -> int | None:
    attempt, stage = _find_own(connection, missing, own)
    facts = missing.facts
    if attempt is not None:
        facts = replace(facts, quote=_find_quote(connection, attempt, missing.intent.estimate))
    if attempt is None:
        if _is_live(connection, missing.intent.fingerprint) and missing.stage in LIVE_STAGES:
            return None  # this ledger has it already, by an attempt of its own
        attempt, stage = insert_intent(connection, missing.intent, now), Stage.INTENDED
    for move in _find_moves(stage, missing):
        move_attempt(connection, attempt, move, _facts_of(move, facts), now)
    return attempt


def _find_quote(connection: sqlite3.Connection, attempt: int, counted: Money | None) -> Money | None:
    """Money: what the journal counts and the attempt's own estimate is not, is what the gateway named."""
    own = connection.execute("SELECT estimate_amount, estimate_currency FROM attempts WHERE id = ?", (attempt,))
    return None if counted == parse_money(*own.fetchone()) else counted


def _find_own(connection: sqlite3.Connection, missing: _Missing, own: str) -> tuple[int | None, Stage]:
    """The attempt of this ledger that is the same one, at an earlier stage."""
    if missing.ledger == own:
        row = connection.execute(
            "SELECT stage, fingerprint, provider FROM attempts WHERE id = ?", (missing.attempt,)
        ).fetchone()
        if row is not None and row[1:] == (missing.intent.fingerprint, missing.intent.provider):
            return missing.attempt, Stage(row[0])
    return None, Stage.INTENDED


def _is_live(connection: sqlite3.Connection, fingerprint: str) -> bool:
    return connection.execute(queries()["live_attempt"], (fingerprint,)).fetchone() is not None


def _find_moves(stage: Stage, missing: _Missing) -> Iterator[Move]:
    """The moves that lead from one stage to where the journal has the attempt, as far as its facts allow."""
    target, task, kind = missing.stage, missing.facts.task, _kind(missing)
    if stage is Stage.INTENDED and task is not None:
        yield Move.ACCEPT
        stage = Stage.SUBMITTED
    if stage is Stage.INTENDED and target is Stage.FAILED:
        yield Move.REFUSE
        return
    if stage is Stage.INTENDED:
        # Money: also what was only intended: its key at the gateway went with the number of its first attempt.
        yield Move.LOSE_SIGHT
        stage = Stage.IN_DOUBT
    if stage is Stage.SUBMITTED and (target in {Stage.PRODUCED, Stage.STORED} or kind is FailureKind.DISCARDED):
        yield Move.PRODUCE
        stage = Stage.PRODUCED
    if target is Stage.FAILED and stage in {Stage.SUBMITTED, Stage.PRODUCED}:
        yield Move.FAIL
    elif target is Stage.CANCELLED and stage is not Stage.CANCELLED:
        settles = kind is FailureKind.NEVER_SENT and stage in {Stage.SUBMITTED, Stage.IN_DOUBT}
        yield Move.SETTLE if settles else Move.DISCARD if stage is Stage.STORED else Move.WRITE_OFF


def _kind(missing: _Missing) -> FailureKind | None:
    return None if missing.facts.failure is None else missing.facts.failure.kind


def _facts_of(move: Move, facts: Facts) -> Facts:
    """What of an attempt's facts a move tells."""
    match move:
        case Move.ACCEPT:
            # Without a reason: the gateway gave this id, and nobody may replace it.
            return Facts(task=facts.task, quote=facts.quote, decided_by="ledger repair")
        case Move.PRODUCE:
            return Facts(cost=facts.cost, reason=_REASON)
        case Move.LOSE_SIGHT:
            return Facts(failure=facts.failure or _NO_ANSWER, reason=_REASON)
        case _:
            return Facts(failure=facts.failure, reason=_REASON)


def _parse(row: sqlite3.Row) -> _Missing:
    ledger, attempt, fingerprint, preimage, provider, campaign, shot, take, tags, stage, task, digest, *rest = row
    estimate, cost, (failure, why, remedy) = rest[:2], rest[2:4], rest[4:]
    return _Missing(
        ledger=ledger,
        attempt=attempt,
        intent=Intent(
            fingerprint=fingerprint,
            preimage=preimage,
            provider=provider,
            campaign=campaign,
            shot=shot,
            take=take,
            tags=tuple(json.loads(tags)),
            estimate=parse_money(*estimate),
        ),
        stage=Stage(stage),
        digest=digest or "",
        facts=Facts(
            task=task,
            cost=parse_money(*cost),
            failure=None if failure is None else Failure(kind=FailureKind(failure), why=why, remedy=remedy),
        ),
    )
