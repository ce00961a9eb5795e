"""What logging hears of a ledger's moves; the moves themselves are the ledger's own."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.trace import MoveLine
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.trace_moves import trace_moves
from hailuo_batch.ports import Facts
from hailuo_batch.testing.ledger_samples import STORED_CLIP, make_intent, usd


class OneAttempt:
    """A ledger that says yes until it breaks."""

    broken = False

    async def record_intent(self, _: object) -> int:
        return 7

    async def move(self, *_: object) -> Stage:
        if self.broken:
            raise LedgerError("the ledger cannot be written")
        return Stage.SUBMITTED

    async def keep_clip(self, *_: object) -> SimpleNamespace:
        return SimpleNamespace(stage=Stage.STORED)

    async def restore_clip(self, *_: object) -> int:
        return 8

    async def adopt_task(self, *_: object) -> int:
        return 9

    async def runs(self) -> list[object]:
        return []


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="hailuo_batch")
    return caplog


def test_where_nobody_listens_the_ledger_is_its_own():
    ledger: Any = OneAttempt()
    assert trace_moves(ledger) is ledger


async def test_a_move_is_told_with_what_it_adds_and_without_who_decided(told: pytest.LogCaptureFixture):
    ledger = trace_moves(OneAttempt())  # type: ignore[arg-type]
    failure = Failure(kind=FailureKind.THROTTLED, why="too fast at https://x.test/?sig=sentinel")
    assert await ledger.record_intent(make_intent()) == 7
    assert await ledger.move(7, Move.ACCEPT, Facts(task="t1", decided_by="ann")) is Stage.SUBMITTED
    await ledger.move(7, Move.REFUSE, Facts(failure=failure))
    assert await ledger.restore_clip(make_intent(), STORED_CLIP, usd("0.28")) == 8
    assert await ledger.adopt_task(make_intent(), "t-7", "known from film.tasks.yaml") == 9
    await ledger.keep_clip(9, STORED_CLIP)
    words = [str(record.msg) for record in told.records]
    assert words[0].startswith("attempt 7: intend → intended, provider minimax, campaign aurora, shot open#1")
    assert words[4].startswith("attempt 9: adopt → submitted, provider minimax")
    assert words[4].endswith("task t-7, reason known from film.tasks.yaml")
    assert words[5] == f"attempt 9: keep → stored, digest {STORED_CLIP.digest}"
    assert words[1] == "attempt 7: accept → submitted, task t1"
    assert words[2] == "attempt 7: refuse → submitted, failure throttled too fast at https://x.test/…"
    assert words[3].endswith(f"digest {STORED_CLIP.digest}, cost 0.28 USD")


async def test_what_moves_no_attempt_is_handed_on_and_not_told(told: pytest.LogCaptureFixture):
    assert await trace_moves(OneAttempt()).runs() == []  # type: ignore[arg-type]
    assert told.records == []


async def test_a_move_that_was_not_written_is_told_as_such(told: pytest.LogCaptureFixture):
    ledger = OneAttempt()
    ledger.broken = True
    with pytest.raises(LedgerError):
        await trace_moves(ledger).move(7, Move.ACCEPT)  # type: ignore[arg-type]
    assert told.records[0].msg == MoveLine(attempt=7, move="accept", failure="LedgerError")
