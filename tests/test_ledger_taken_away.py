"""A real process that buys loses its ledger or its lock: nothing more is sent, and every task id is printed."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rehearsal import SPEED, nth
from test_stop_flow import AT_ONCE, LONG, SHOTS, project, told

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
LATE = 1.0 * SPEED  # seconds of the mock: a second of this test


def restore_older(state: Path) -> None:
    """As a sync client does that puts back what it has."""
    shutil.copytree(state, state.with_name("copy"))
    for name in ("ledger.db", "run.lock"):
        state.with_name("copy").joinpath(name).replace(state / name)


LOSSES: dict[str, Callable[[Path], object]] = {
    "git clean": shutil.rmtree,
    "moved to the trash": lambda state: state.rename(state.with_name("trash")),
    "restored": restore_older,
    "only the ledger": lambda state: (state / "ledger.db").unlink(),
    "only the lock": lambda state: (state / "run.lock").unlink(),
}


@pytest.mark.parametrize("how", LOSSES)
async def test_a_run_whose_files_are_taken_away_sends_nothing_more_and_prints_what_it_holds(how: str, tmp_path: Path):
    """Two tasks run, the answer to a third submit comes afterwards, and the other shots are to be submitted."""
    late = {"fault": "slow", "seconds": LATE, "call": "submit", "nth": 3}
    async with project(tmp_path, late, **LONG) as found, found.running("-j", str(SHOTS)) as process:
        await found.until(nth(2, "answered", "submit"))
        LOSSES[how](tmp_path / ".hailuo")
        code, out, err = await told(process)
    assert code == 9, out + err
    assert found.submits() == AT_ONCE
    assert "could not be recorded" in out
    assert "error: the ledger was taken away during this run, so nothing more was submitted" in err
    for task in found.mock.tasks("minimax"):
        assert f"    minimax  task {task.id}  s{task.prompt[-1]}#1 of film\n" in err
    assert "note them" in err
    assert "fetch" not in out + err


async def test_a_stop_does_not_promise_that_anything_finds_the_tasks(tmp_path: Path):
    async with project(tmp_path, **LONG) as found, found.running() as process:
        await found.until(nth(AT_ONCE, "answered", "submit"))
        shutil.rmtree(tmp_path / ".hailuo")
        os.kill(process.pid, signal.SIGINT)
        code, out, err = await told(process)
    assert code == 9
    assert all(f"task {task.id} " in err for task in found.mock.tasks("minimax"))
    assert "fetch" not in out + err
    assert "next run" not in out
