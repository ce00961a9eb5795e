import asyncio
import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from textwrap import dedent

import aiosqlite
import pytest

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import MOVES_TO, make_intent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


async def test_two_hundred_writes_at_once_share_a_few_commits(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:

        async def shot(number: int) -> None:
            attempt = await ledger.record_intent(make_intent(number))
            for move, facts in MOVES_TO["stored"]:
                await ledger.move(attempt, move, facts)

        await asyncio.gather(*(shot(number) for number in range(200)))
        assert ledger.commits <= 12  # 800 transitions
        assert {s.stage for s in (await ledger.standings()).values()} == {Stage.STORED}


async def test_a_broken_constraint_is_a_bug_and_not_the_ledgers_trouble(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:
        with pytest.raises(AssertionError, match="the ledger refused a write: FOREIGN KEY"):
            await ledger._writer.write(lambda c: c.execute("INSERT INTO events VALUES (1, 77, 0, '', '', '')"))


async def test_a_write_that_finds_no_room_fails_alone_and_leaves_nothing(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:
        attempt = await ledger.record_intent(make_intent())
        await ledger._connection.run(
            lambda c: c.execute("PRAGMA max_page_count = 1").fetchall()
        )  # as large as it is now
        long = Facts(task="t" * 100_000)
        full, run = await asyncio.gather(
            ledger.move(attempt, Move.ACCEPT, long),
            ledger.begin_run(manifest="m", campaign="c", sketch=False),
            return_exceptions=True,
        )
        assert isinstance(full, LedgerError)
        assert full.summary == "the disk is full, so the ledger cannot be written"
        assert ([r.id for r in await ledger.runs()], len(await ledger.events([attempt]))) == ([run], 1)
        await ledger._connection.run(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
        assert await ledger.move(attempt, Move.ACCEPT, long) is Stage.SUBMITTED


async def test_nobody_is_told_of_success_when_sqlite_gives_up_the_whole_transaction(file: Path):
    def give_up(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")  # what SQLite does by itself when the disk fails
        raise sqlite3.OperationalError("disk I/O error")

    async with open_ledger(file, clock=FakeClock()) as ledger:
        outcomes = await asyncio.gather(
            ledger.record_intent(make_intent(1)),
            ledger._writer.write(give_up),
            ledger.record_intent(make_intent(2)),
            return_exceptions=True,
        )
        assert all(isinstance(outcome, LedgerError) for outcome in outcomes)
        assert (await ledger.attempts(), ledger.commits) == ([], 0)
        assert await ledger.record_intent(make_intent(1)) == 1


async def test_a_commit_that_carried_nothing_out_is_no_success(file: Path, monkeypatch: pytest.MonkeyPatch):
    """What a later aiosqlite would do whose `commit` no longer reaches SQLite's own method."""

    async def commit_by_itself(connection: aiosqlite.Connection) -> None:
        pass

    async with open_ledger(file, clock=FakeClock()) as ledger:
        with monkeypatch.context() as patched:
            patched.setattr(aiosqlite.Connection, "commit", commit_by_itself)
            with pytest.raises(IndexError):
                await ledger.record_intent(make_intent())


async def test_a_cancelled_opening_leaves_nothing_open(file: Path):
    async def open_and_leave() -> None:
        async with open_ledger(file, clock=FakeClock()):
            pass

    before = {thread.ident for thread in threading.enumerate()}
    for turns in range(6):
        opening = asyncio.create_task(open_and_leave())
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait({opening})
        gc.collect()
    fresh = [thread for thread in threading.enumerate() if thread.ident not in before]
    assert [thread.name for thread in fresh if "_connection_worker_thread" in thread.name] == []
    await open_and_leave()


def script(text: str) -> list[str]:
    start = """
        import asyncio, os, sys
        from pathlib import Path
        from hailuo_batch.testing.clock import FakeClock
        from hailuo_batch.testing.ledger_samples import *
        from hailuo_batch.ledger.sqlite import open_ledger
        file = Path(sys.argv[1])
    """
    return [sys.executable, "-c", dedent(start) + dedent(text)]


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('in the middle')",
        "asyncio.get_running_loop().create_task(ledger.record_intent(make_intent())); raise SystemExit(3)",
        "asyncio.get_running_loop().stop(); await asyncio.sleep(60)",
        "raise KeyboardInterrupt",
    ],
)
def test_no_way_out_hangs_the_process(file: Path, body: str):
    text = f"""
        async def main():
            async with open_ledger(file, clock=FakeClock()) as ledger:
                await ledger.record_intent(make_intent())
                {body}
        asyncio.run(main())
    """
    assert subprocess.run([*script(text), str(file)], capture_output=True, timeout=120, check=False).returncode != 0


def test_a_connection_that_nobody_closed_does_not_hang_the_process(file: Path):
    text = """
        async def main():
            ledger = await open_ledger(file, clock=FakeClock()).__aenter__()
            await ledger.record_intent(make_intent())
            os.write(1, b"written")
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        globals()["kept"] = loop
        sys.exit(0)
    """
    ended = subprocess.run([*script(text), str(file)], capture_output=True, timeout=120, check=False)
    assert ended.stdout == b"written"


WRITES_UNTIL_KILLED = """
    async def shot(ledger, number):
        attempt = await ledger.record_intent(make_intent(number))
        os.write(1, f"{number} intended\\n".encode())
        for move, facts in MOVES_TO["stored"]:
            stage = await ledger.move(attempt, move, facts)
            os.write(1, f"{number} {stage}\\n".encode())

    async def main():
        async with open_ledger(file, clock=FakeClock()) as ledger:
            await asyncio.gather(*(worker(ledger, start) for start in range(20)))

    async def worker(ledger, start):
        for number in range(start, 10**9, 20):
            await shot(ledger, number)

    asyncio.run(main())
"""
ORDER = ["intended", "submitted", "produced", "stored"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("lines", [1, 7, 50, 333])
async def test_what_was_acknowledged_is_there_after_the_process_was_killed(file: Path, lines: int):
    process = subprocess.Popen([*script(WRITES_UNTIL_KILLED), str(file)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        acknowledged = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.read().splitlines(keepends=True)
    async with read_ledger(file) as reader:  # beside what the dead process left: its write-ahead log
        seen = await reader.standings()
    async with open_ledger(file, clock=FakeClock()) as ledger:
        assert await ledger.standings() == seen
        assert await ledger._connection.run(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0]) == "ok"
    for line in acknowledged:
        number, stage = line.decode().split()
        assert ORDER.index(seen[make_intent(int(number)).fingerprint].stage) >= ORDER.index(stage)


async def test_nothing_is_left_open(file: Path, recwarn: pytest.WarningsRecorder):
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await ledger.record_intent(make_intent())
    async with read_ledger(file):
        pass
    gc.collect()
    assert not [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)]
    assert [path.name for path in file.parent.glob("*-wal") if path.stat().st_size] == []
