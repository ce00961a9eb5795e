"""What is told of each attempt when the ledger was taken away."""

from pathlib import Path

import pytest

from hailuo_batch.app.recovery.moved_ledger import explain_moved_ledger
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.errors import LedgerError, LedgerMovedError
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.ports import Facts
from hailuo_batch.store.local import LocalStore
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import MOVES_TO, record_attempt

MOVED = LedgerMovedError("the ledger is no longer in its place", why="ledger.db is gone.")
TOLD = {
    "intended": "minimax  in doubt, no task id  open#1 of aurora",
    "submitted": "minimax  task t-1  open#1 of aurora",
    "produced": "minimax  task t-1  open#1 of aurora",
    "stored": "minimax  task t-1  open#1 of aurora",  # and the store went with the ledger
    "in_doubt": "minimax  in doubt, no task id  open#1 of aurora",
    "failed": "",
    "cancelled": "",
}


@pytest.mark.parametrize("stage", MOVES_TO)
async def test_each_take_that_was_bought_and_has_no_clip_is_told(stage: str, tmp_path: Path):
    clock = FakeClock(at=1000.0)
    async with open_ledger(tmp_path / "ledger.db", clock=clock) as ledger:
        await record_attempt(ledger, 1, MOVES_TO[stage])
        told = await explain_moved_ledger(MOVED, ledger, LocalStore(tmp_path / "store"), begun_at=2000.0)
    assert told.why == MOVED.why
    assert (f"\n    {TOLD[stage]}\n" in told.remedy) if TOLD[stage] else ("task" not in told.remedy)
    assert "Put the ledger back" in told.remedy


async def test_what_this_run_kept_back_and_what_was_drawn_here_is_not_told(tmp_path: Path):
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock(at=1000.0)) as ledger:
        await record_attempt(ledger, 1, [])
        await record_attempt(ledger, 2, [(Move.ACCEPT, Facts(task="drawn"))], provider=SKETCH_MODEL)
        told = await explain_moved_ledger(MOVED, ledger, LocalStore(tmp_path / "store"), begun_at=1000.0)
    assert "note them" not in told.remedy


async def test_a_ledger_that_cannot_be_read_either_sends_to_the_accounts(tmp_path: Path):
    class Unreadable:
        async def attempts(self) -> None:
            raise LedgerError("the disk failed under the ledger", why="disk I/O error")

    told = await explain_moved_ledger(MOVED, Unreadable(), LocalStore(tmp_path), begun_at=0.0)  # type: ignore[arg-type]
    assert "disk I/O error" in told.why
    assert "accounts" in told.remedy
