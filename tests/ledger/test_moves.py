"""What moved in a ledger since a mark: seen by events and runs, and not believed of another ledger."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.ledger.moves import LedgerMoves, read_moves
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import DIGEST, MOVES_TO, record_attempt

NAME = "ledger.db"


async def _begin(ledger: SqliteLedger, campaign: str, *, sketch: bool = False) -> int:
    return await ledger.begin_run(manifest="a.yaml", campaign=campaign, sketch=sketch)


async def _moves_of(folder: Path, work: Callable[[SqliteLedger], Awaitable[object]]) -> LedgerMoves:
    """What is told of this work afterwards."""
    clock = FakeClock()
    async with open_ledger(folder / NAME, clock=clock) as ledger:
        mark = await ledger.mark()
        clock.advance(1.0)
        await work(ledger)
    moves = read_moves(folder / NAME, mark)
    assert moves is not None
    assert (moves.mark == mark) is not bool(moves.digests or moves.campaigns)
    return moves


def _sets(moves: LedgerMoves) -> tuple[set[str], set[tuple[str, bool]]]:
    return set(moves.digests), set(moves.campaigns)


async def test_events_of_any_attempt_and_runs_are_seen(tmp_path: Path):
    async def nothing(_: SqliteLedger) -> None:
        pass

    async def miss(ledger: SqliteLedger) -> None:
        await ledger.move(1, Move.MISS)

    async def draw(ledger: SqliteLedger) -> None:
        await _begin(ledger, "named", sketch=True)
        await record_attempt(ledger, 2, [], provider=SKETCH_MODEL)

    async with open_ledger(tmp_path / NAME, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["stored"])
        await _begin(ledger, "killed")
        await ledger.end_run(await _begin(ledger, "done"), stored=1, failed=0, exit=0)
    moves = await _moves_of(tmp_path, nothing)
    assert _sets(moves) == (set(), set())
    moves = await _moves_of(tmp_path, miss)
    assert _sets(moves) == ({DIGEST}, {("aurora", False)})
    moves = await _moves_of(tmp_path, draw)
    assert _sets(moves) == (set(), {("aurora", True), ("named", True)})


async def test_the_newest_run_may_still_give_names(tmp_path: Path):
    async with open_ledger(tmp_path / NAME, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["stored"])
        await _begin(ledger, "killed")
        await _begin(ledger, "goes on")
        mark = await ledger.mark()
    moves = read_moves(tmp_path / NAME, mark)
    assert moves is not None
    assert moves.mark == mark
    assert _sets(moves) == (set(), {("goes on", False)})


async def test_another_ledger_and_an_older_copy_that_went_on_are_not_believed(tmp_path: Path):
    clock, file, older, other = FakeClock(), tmp_path / NAME, tmp_path / "older.db", tmp_path / "other.db"
    async with open_ledger(file, clock=clock) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["stored"])
    shutil.copy(file, older)
    async with open_ledger(file, clock=clock) as ledger:
        await record_attempt(ledger, 2, MOVES_TO["submitted"])
        mark = await ledger.mark()
    assert read_moves(older, mark) is None  # it lacks that event
    clock.advance(60.0)
    async with open_ledger(older, clock=clock) as ledger:
        await record_attempt(ledger, 2, MOVES_TO["submitted"])
    assert read_moves(older, mark) is None  # it has another one of that number
    async with open_ledger(other, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["stored"])
        await record_attempt(ledger, 2, MOVES_TO["submitted"])
    assert read_moves(other, mark) is None
    assert read_moves(tmp_path / "none.db", mark) is None
    other.write_bytes(b"no ledger at all")
    assert read_moves(other, mark) is None
    assert read_moves(file, mark) is not None
