"""What a run writes to the tasks file, and when: behind the ledger, before anything else is done with a task."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.app.running.task_recorder import record_tasks
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.load import tasks_file
from hailuo_batch.load.tasks_file import read_tasks
from hailuo_batch.ports import Facts, LedgerWriter
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import make_intent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "film.tasks.yaml"


async def accept(ledger: LedgerWriter, number: int) -> int:
    attempt = await ledger.record_intent(make_intent(number))
    await ledger.move(attempt, Move.ACCEPT, Facts(task=f"t-{number}"))
    return attempt


async def test_a_task_is_in_the_file_when_its_acceptance_returns_and_in_the_ledger_before(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ledger_file, seen, append = tmp_path / "ledger.db", list[Any](), tasks_file.append_tasks

    def look(path: Path, entries: Any) -> None:
        seen.append(asyncio.run(stages()))
        append(path, entries)

    async def stages() -> list[Stage]:
        async with read_ledger(ledger_file) as reader:
            return [each.stage for each in await reader.attempts()]

    monkeypatch.setattr(tasks_file, "append_tasks", look)
    async with open_ledger(ledger_file, clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        attempt = await accept(ledger, 1)
        assert [(each.shot, each.take, each.task) for each in read_tasks(file)] == [("open", 1, "t-1")]
        await ledger.move(attempt, Move.PRODUCE)
    assert seen == [[Stage.SUBMITTED]]


async def test_an_adopted_task_is_written_unless_the_file_has_it(file: Path, tmp_path: Path):
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened:
        async with record_tasks(opened, file) as ledger:
            await ledger.adopt_task(make_intent(1), "t-1", "known from elsewhere")
        before = file.read_bytes()
        async with record_tasks(opened, file, read_tasks(file)) as ledger:
            await opened.move(1, Move.FAIL)
            await ledger.adopt_task(make_intent(1), "t-1", "known from film.tasks.yaml")
        assert file.read_bytes() == before


async def test_many_tasks_share_few_writes_and_each_is_written_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced, fsync = list[int](), os.fsync

    def count(number: int) -> None:
        synced.append(number)
        fsync(number)

    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        monkeypatch.setattr(os, "fsync", count)
        await asyncio.gather(*(accept(ledger, number) for number in range(1, 1001)))
    assert len(read_tasks(file)) == len(file.read_text().splitlines()) - 3 == 1000
    assert len(synced) < 100


@pytest.mark.parametrize("failures", [1, 2, 9])
async def test_a_disk_that_fails_stops_no_run_and_the_next_task_brings_the_others_along(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
):
    """The first failure tears the file; from then on it is replaced as a whole."""
    tries, fsync = list[int](), os.fsync

    def fail(number: int) -> None:
        tries.append(number)
        if len(tries) <= failures:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(number)

    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        monkeypatch.setattr(os, "fsync", fail)
        for number in (1, 2, 3):
            await accept(ledger, number)
        assert [each.task for each in await ledger.attempts()] == ["t-1", "t-2", "t-3"]
    assert len(read_tasks(file)) == (3 if failures < 3 else 1)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


async def test_a_bug_in_the_writer_reaches_those_who_wait(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(tasks_file, "append_tasks", broken)
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        found = await asyncio.gather(accept(ledger, 1), accept(ledger, 2), return_exceptions=True)
    assert [type(each) for each in found] == [TypeError, TypeError]


async def test_a_caller_that_is_cancelled_leaves_a_whole_line(file: Path, tmp_path: Path):
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        attempt = await opened.record_intent(make_intent(1))
        caller = asyncio.create_task(ledger.adopt_task(make_intent(2), "t-2", "known from elsewhere"))
        while not caller.done() and not any(task.get_name() == "tasks file" for task in asyncio.all_tasks()):
            await asyncio.sleep(0)
        caller.cancel()
        await asyncio.wait({caller})
        assert attempt == 1
    assert [each.task for each in read_tasks(file)] == ["t-2"]


async def test_what_is_drawn_here_is_in_no_file(file: Path, tmp_path: Path):
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as opened, record_tasks(opened, file) as ledger:
        attempt = await ledger.record_intent(make_intent(1, provider="animatic"))
        await ledger.move(attempt, Move.ACCEPT, Facts(task="drawn"))
    async with open_ledger(tmp_path / "2.db", clock=FakeClock()) as opened, record_tasks(opened, None) as ledger:
        assert ledger is opened
    assert not file.exists()
