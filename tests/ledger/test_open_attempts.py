"""What the ledger says of attempts that are open, and of the tasks it knows."""

from pathlib import Path

import pytest
from ledger_samples import WAYS, HandClock, intent

from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import Facts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".hailuo" / "ledger.db"


async def test_open_is_what_is_neither_stored_nor_ended(path: Path):
    async with open_ledger(path, clock=HandClock()) as ledger:
        for number, moves in enumerate(WAYS.values()):
            attempt = await ledger.record_intent(intent(number))
            for move, facts in moves:
                await ledger.move(attempt, move, facts)
    async with read_ledger(path) as ledger:
        found = await ledger.open_attempts()
        assert [str(each.stage) for each in found] == ["intended", "submitted", "produced", "in_doubt"]
        known = {each.id: each for each in await ledger.attempts()}
        assert [known[each.id] for each in found] == found


async def test_known_tasks_are_those_of_every_attempt_with_one(path: Path):
    async with open_ledger(path, clock=HandClock()) as ledger:
        first = await ledger.record_intent(intent(1))
        await ledger.move(first, Move.ACCEPT, Facts(task="t-1"))
        await ledger.move(first, Move.FAIL)
        second = await ledger.record_intent(intent(2, provider="gccai"))
        await ledger.move(second, Move.ACCEPT, Facts(task="t-1"))
        drawn = await ledger.record_intent(intent(3))
        await ledger.move(drawn, Move.ACCEPT, Facts(task=""))
        await ledger.record_intent(intent(4))
        assert await ledger.tasks() == {("minimax", "t-1"): first, ("gccai", "t-1"): second}
