"""Logs each move that a ledger has made durable, for any ledger.

Without a listener it returns the ledger itself, so that a move costs nothing extra.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.redaction import redact_body
from hailuo_batch.core.trace import MoveLine
from hailuo_batch.ports import Facts, Intent, LedgerWriter

_LOG = logging.getLogger("hailuo_batch.ledger")
_NO_FACTS = Facts()


def trace_moves(ledger: LedgerWriter) -> LedgerWriter:
    """The ledger, which logs its moves if the log has a listener."""
    return cast("LedgerWriter", _TracedLedger(ledger)) if _LOG.isEnabledFor(logging.INFO) else ledger


class _TracedLedger:
    """Implements `ports.LedgerWriter`: passes every call to a ledger, and logs the moves."""

    def __init__(self, ledger: LedgerWriter) -> None:
        self._ledger = ledger

    async def record_intent(self, intent: Intent) -> int:
        with _trace_move("intend", None, _intent_facts(intent)) as outcome:
            outcome.attempt = attempt = await self._ledger.record_intent(intent)
            outcome.stage = Stage.INTENDED
        return attempt

    async def move(self, attempt: int, move: Move, facts: Facts = _NO_FACTS) -> Stage:
        with _trace_move(move, attempt, _move_facts(facts)) as outcome:
            outcome.stage = stage = await self._ledger.move(attempt, move, facts)
        return stage

    async def keep_clip(self, attempt: int, clip: Clip) -> AttemptRecord:
        with _trace_move(Move.KEEP, attempt, _move_facts(Facts(clip=clip))) as outcome:
            record = await self._ledger.keep_clip(attempt, clip)
            outcome.stage = record.stage
        return record

    async def restore_clip(self, intent: Intent, clip: Clip, cost: Money | None) -> int:
        facts = {**_intent_facts(intent), **_move_facts(Facts(clip=clip, cost=cost))}
        with _trace_move("restore", None, facts) as outcome:
            outcome.attempt = attempt = await self._ledger.restore_clip(intent, clip, cost)
            outcome.stage = Stage.STORED
        return attempt

    async def adopt_task(self, intent: Intent, task: str, reason: str) -> int:
        facts = {**_intent_facts(intent), **_move_facts(Facts(task=task, reason=reason))}
        with _trace_move("adopt", None, facts) as outcome:
            outcome.attempt = attempt = await self._ledger.adopt_task(intent, task, reason)
            outcome.stage = Stage.SUBMITTED
        return attempt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)  # what moves no attempt


class _MoveOutcome:
    """What is known of a move once it is durable."""

    def __init__(self, attempt: int | None) -> None:
        self.attempt, self.stage = attempt, ""


@contextmanager
def _trace_move(move: str, attempt: int | None, facts: Mapping[str, object]) -> Iterator[_MoveOutcome]:
    outcome = _MoveOutcome(attempt)
    failure = ""
    try:
        yield outcome
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        with suppress(Exception):  # Money: what is durable must reach its caller, whatever becomes of the trace
            shown = redact_body({name: fact for name, fact in facts.items() if fact})
            line = MoveLine(
                attempt=outcome.attempt,
                move=move,
                stage=outcome.stage,
                facts=shown if isinstance(shown, Mapping) else {},
                failure=failure,
            )
            _LOG.info(line)


def _intent_facts(intent: Intent) -> dict[str, object]:
    return {
        "provider": intent.provider,
        "campaign": intent.campaign,
        "shot": f"{intent.shot}#{intent.take}",
        "fingerprint": intent.fingerprint,
        "run": intent.run,
        "estimate": _money_text(intent.estimate),
    }


def _move_facts(facts: Facts) -> dict[str, object]:
    failure = facts.failure
    return {
        "task": facts.task,
        "digest": facts.clip and facts.clip.digest,
        "quote": _money_text(facts.quote),
        "cost": _money_text(facts.cost),
        "failure": failure and {"kind": failure.kind, "why": failure.why},
        "reason": facts.reason,
    }


def _money_text(money: Money | None) -> str:
    return "" if money is None else str(money)
