import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move
from hailuo_batch.core.money import Money
from hailuo_batch.errors import DamagedLedgerError, Exit, LedgerError, LedgerMovedError
from hailuo_batch.ledger.migrate import migrations
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import Clock, Facts, LedgerReader, LedgerWriter
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_contract import LedgerContract
from hailuo_batch.testing.ledger_reads_contract import LedgerReadsContract
from hailuo_batch.testing.ledger_samples import MOVES_TO, make_intent, make_render_name, record_attempt


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".hailuo" / "ledger.db"


class SqliteOpener:
    """How the suites open the ledger."""

    def open_writer(self, folder: Path, clock: Clock) -> AbstractAsyncContextManager[LedgerWriter]:
        return open_ledger(folder / "ledger.db", clock=clock)

    def take_away(self, folder: Path) -> None:
        if sys.platform == "win32":
            pytest.skip("Windows removes no file that is open")
        for file in folder.glob("ledger.db*"):
            file.unlink()

    def open_reader(self, folder: Path) -> AbstractAsyncContextManager[LedgerReader]:
        return read_ledger(folder / "ledger.db")


class TestSqliteLedger(SqliteOpener, LedgerContract):
    """What every ledger promises to those who write."""


class TestSqliteLedgerReader(SqliteOpener, LedgerReadsContract):
    """What each read answers."""


@contextmanager
def raw(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


def test_the_file_itself_refuses_a_second_live_attempt(file: Path):
    asyncio.run(_with_one(file))
    again = "INSERT INTO attempts (fingerprint, provider, campaign, shot, take, tags, stage, intended_at, changed_at,"
    with raw(file) as connection:
        for stage in LIVE_STAGES:
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                connection.execute(
                    f"{again} preimage) VALUES (?, 'p', '', '', 1, '[]', ?, 0, 0, '')",
                    (make_intent().fingerprint, stage),
                )


def test_the_file_itself_refuses_to_change_what_happened(file: Path):
    asyncio.run(_with_one(file))
    with raw(file) as connection:
        for change in ("UPDATE events SET at = 0", "DELETE FROM events", "REPLACE INTO events VALUES (1,1,0,'','','')"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                connection.execute(change)


def test_the_stages_that_the_file_guards_are_those_that_may_cost_money():
    start = migrations()[0]
    index = start[start.index("CREATE UNIQUE INDEX one_live_attempt") :]
    listed = index[index.index("IN (") + 4 : index.index(");")]
    assert {stage.strip(" '") for stage in listed.split(",")} == {str(stage) for stage in LIVE_STAGES}


async def _with_one(file: Path) -> None:
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["submitted"])


async def test_a_name_that_stays_keeps_the_time_it_was_given(file: Path):
    clock = FakeClock(at=1.0)
    async with open_ledger(file, clock=clock) as ledger:
        await ledger.record_names([make_render_name("open"), make_render_name("turn")])
        clock.advance(1.0)
        await ledger.record_names([make_render_name("open"), make_render_name("turn", fingerprint="v1-b")])
        await ledger.record_names([])
    with raw(file) as connection:
        rows = connection.execute("SELECT shot, fingerprint, given_at FROM names ORDER BY shot").fetchall()
    assert rows == [("open", "v1-a", 1.0), ("turn", "v1-b", 2.0)]


async def test_reading_a_ledger_that_is_not_there_makes_nothing(file: Path):
    async with read_ledger(file) as ledger:
        assert await ledger.standings() == {}
        assert await ledger.ledger_id() == ""
    assert not file.parent.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
async def test_what_was_written_to_a_ledger_that_was_taken_away_can_be_read(tmp_path: Path):
    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock()) as ledger:
        first, second = [await record_attempt(ledger, number, []) for number in (1, 2)]
        SqliteOpener().take_away(tmp_path)
        with pytest.raises(LedgerMovedError):
            await ledger.move(first, Move.ACCEPT, Facts(task="t-1"))
        with pytest.raises(LedgerMovedError):
            await ledger.record_intent(make_intent(3))
        assert {each.id: each.task for each in await ledger.attempts()} == {first: "t-1", second: None, 3: None}


async def test_a_reader_sees_what_is_committed_and_waits_for_no_writer(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["submitted"])
        with raw(file) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE attempts SET stage = 'failed'")
            async with asyncio.timeout(4), read_ledger(file) as reader:  # less than SQLite's own patience
                seen = await reader.standings()
            other.execute("ROLLBACK")
        assert seen == await ledger.standings()
        await ledger.record_intent(make_intent(2))
        async with read_ledger(file) as reader:
            assert await reader.standings() == await ledger.standings()


async def test_a_reader_changes_nothing(file: Path):
    await _with_one(file)
    before = file.read_bytes()
    async with read_ledger(file) as reader:
        assert len(await reader.attempts()) == 1
        with pytest.raises(LedgerError, match="cannot be written to"):
            await reader._connection.run(lambda c: c.execute("DELETE FROM names"))
    assert file.read_bytes() == before


async def test_a_ledger_on_a_read_only_disk_can_be_read(file: Path, monkeypatch: pytest.MonkeyPatch):
    await _with_one(file)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    async with read_ledger(file) as reader:
        assert len(await reader.attempts()) == 1
    assert [path.name for path in file.parent.iterdir()] == ["ledger.db"]


def test_where_no_loop_runs_a_reader_answers_the_same(file: Path):
    async def read() -> tuple[object, ...]:
        async with read_ledger(file) as reader:
            return await reader.standings(), await reader.attempts(), await reader.names("teaser", sketch=False)

    asyncio.run(_with_one(file))
    assert run_sync(read()) == asyncio.run(read())
    file.write_bytes(b"this is no ledger" * 100)
    with pytest.raises(DamagedLedgerError):
        run_sync(read())


async def test_equal_amounts_are_one_value_in_memory(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await record_attempt(ledger, 1, MOVES_TO["stored"])
        await record_attempt(ledger, 2, MOVES_TO["stored"])
        costs = [standing.cost for standing in (await ledger.standings()).values()]
    assert costs[0] is costs[1]
    assert costs[0] == Money(amount=Decimal("0.27"), currency="USD")


MOVED = {  # what happens to the files of an open ledger, and how the message begins
    "removed": (lambda folder: (folder / "ledger.db").unlink(), "is gone"),
    "replaced by a copy": (
        lambda folder: Path(shutil.copy(folder / "ledger.db", folder / "copy")).replace(folder / "ledger.db"),
        "is another file now",
    ),
    "moved aside": (lambda folder: (folder / "ledger.db").rename(folder / "ledger.old"), "is gone"),
    "only its log removed": (lambda folder: (folder / "ledger.db-wal").unlink(), "is gone"),
    "its folder renamed": (lambda folder: folder.rename(folder.with_name("trash")), "is gone"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
@pytest.mark.parametrize("is_new", [True, False], ids=["new", "there before"])
@pytest.mark.parametrize("how", MOVED)
async def test_each_way_to_lose_the_name_is_noticed_at_the_next_commit(how: str, is_new: bool, tmp_path: Path):
    change, words = MOVED[how]
    folder = tmp_path / ".hailuo"
    if not is_new:
        async with open_ledger(folder / "ledger.db", clock=FakeClock()) as ledger:
            await ledger.record_intent(make_intent(1))
    async with open_ledger(folder / "ledger.db", clock=FakeClock()) as ledger:
        await ledger.record_intent(make_intent(2))
        change(folder)
        with pytest.raises(LedgerMovedError) as caught:
            await ledger.record_intent(make_intent(3))
        assert words in caught.value.why
        assert caught.value.exit is Exit.LEDGER


async def test_a_lock_that_is_lost_is_noticed_with_the_ledger_in_its_place(tmp_path: Path):
    class Lost:
        def check(self) -> None:
            raise LedgerMovedError("the lock is gone")

    async with open_ledger(tmp_path / "ledger.db", clock=FakeClock(), lock=Lost()) as ledger:
        with pytest.raises(LedgerMovedError):
            await ledger.record_intent(make_intent(1))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
async def test_a_ledger_that_was_taken_away_leaves_the_new_one_of_its_name_whole(tmp_path: Path):
    """SQLite removes its log by name when it closes; that of another ledger must stay."""
    file = tmp_path / "ledger.db"
    async with open_ledger(file, clock=FakeClock()) as old:
        await old.record_intent(make_intent(1))
        for each in tmp_path.iterdir():
            each.unlink()
        async with open_ledger(file, clock=FakeClock()) as new:
            await new.record_intent(make_intent(2))
            with pytest.raises(LedgerMovedError):
                await old.record_intent(make_intent(3))
            thread = old._connection._thread
            assert thread is not None
            await thread.close()
            await new.record_intent(make_intent(4))
            async with read_ledger(file) as reader:
                assert [each.take for each in await reader.attempts()] == [2, 4]
