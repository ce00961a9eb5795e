import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.ledger import migrate
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.ports import LedgerReader
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import make_intent

LATER = "ALTER TABLE runs ADD COLUMN mood TEXT;\nCREATE TABLE moods (mood TEXT PRIMARY KEY) STRICT;"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Turns this tool into a later one, which knows one migration more."""
    scripts = migrate.migrations()

    def later(script: str = LATER) -> None:
        monkeypatch.setattr(migrate, "migrations", lambda: (*scripts, script))

    return later


def form(file: Path) -> object:
    with closing(sqlite3.connect(file)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()
        tables = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        return version, [[" ".join(str(part).split()) for part in row] for row in tables]


async def write_one(file: Path) -> None:
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await ledger.record_intent(make_intent())


async def test_a_migrated_ledger_has_the_form_of_a_fresh_one(tmp_path: Path, upgrade: Callable[..., None]):
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    await write_one(old)
    upgrade()
    await write_one(old)
    await write_one(fresh)
    assert form(old) == form(fresh)


async def test_migrating_keeps_every_row_and_leaves_a_copy_of_the_old_ledger(file: Path, upgrade: Callable[..., None]):
    await write_one(file)
    before = form(file)
    upgrade()
    async with open_ledger(file, clock=FakeClock()) as ledger:
        assert [record.fingerprint for record in await ledger.attempts()] == [make_intent().fingerprint]
    copy = file.with_name(f"ledger.v{len(migrate.migrations()) - 1}.db")
    assert form(copy) == before
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".db", ".db"]


async def test_a_migration_that_fails_leaves_the_ledger_as_it_was(file: Path, upgrade: Callable[..., None]):
    await write_one(file)
    before = form(file)
    upgrade("CREATE TABLE moods (mood TEXT) STRICT; INSERT INTO nowhere VALUES (1);")
    with pytest.raises(LedgerError, match="the ledger cannot be used"):
        await write_one(file)
    assert form(file) == before


async def test_a_reader_of_an_older_ledger_sees_it_migrated_and_leaves_it(file: Path, upgrade: Callable[..., None]):
    await write_one(file)
    before = file.read_bytes()
    upgrade()
    async with read_ledger(file) as reader:
        assert len(await reader.standings()) == 1
        assert await reader._connection.run(lambda c: c.execute("SELECT mood FROM runs").fetchall()) == []
    assert file.read_bytes() == before


async def test_a_ledger_that_is_newer_than_the_tool_is_left_alone(file: Path, upgrade: Callable[..., None]):
    with pytest.MonkeyPatch.context() as patch:
        scripts = migrate.migrations()
        patch.setattr(migrate, "migrations", lambda: (*scripts, LATER))
        await write_one(file)
    before = file.read_bytes()
    for opened in (open_ledger(file, clock=FakeClock()), read_ledger(file)):
        with pytest.raises(LedgerError) as caught:
            async with opened:
                pass
        assert caught.value.exit is Exit.LEDGER
        assert caught.value.summary == "the ledger is newer than this tool"
        newest = len(migrate.migrations())
        assert caught.value.why == f"{file} has version {newest + 1}; this hailuo-batch knows versions up to {newest}"
        assert "pip install --upgrade hailuo-batch" in caught.value.remedy
    assert file.read_bytes() == before


def not_sqlite(file: Path) -> None:
    file.write_text("shots:\n" * 1000, encoding="utf-8")


def of_another_program(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def damaged(file: Path) -> None:
    shutil.copy(file.with_name("good.db"), file)
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)


def cut(file: Path) -> None:
    file.write_bytes(file.with_name("good.db").read_bytes()[:5000])


async def read_all(opened: AbstractAsyncContextManager[LedgerReader]) -> None:
    async with opened as ledger:
        await ledger.standings()
        await ledger.attempts()


@pytest.mark.parametrize(
    ("spoil", "summary"),
    [
        (not_sqlite, "the ledger is not an SQLite file"),
        (of_another_program, "this file is not a ledger of hailuo-batch"),
        (damaged, "the ledger is damaged"),
        (cut, "the ledger is damaged"),
    ],
)
async def test_a_file_that_is_no_ledger_is_named_and_left_alone(
    file: Path, spoil: Callable[[Path], None], summary: str
):
    await write_one(file.with_name("good.db"))
    spoil(file)
    before = file.read_bytes()
    for opened in (open_ledger(file, clock=FakeClock()), read_ledger(file)):
        with pytest.raises(LedgerError) as caught:
            await read_all(opened)
        assert caught.value.summary == summary
        assert str(file) in caught.value.why
        assert caught.value.remedy
    assert file.read_bytes() == before


async def test_an_empty_file_becomes_a_ledger_and_reads_as_an_empty_one(file: Path):
    file.touch()
    async with read_ledger(file) as reader:
        assert await reader.standings() == {}
    assert file.stat().st_size == 0
    await write_one(file)
    async with read_ledger(file) as reader:
        assert len(await reader.standings()) == 1


async def test_an_sqlite_without_strict_tables_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(LedgerError, match="SQLite of this Python is too old"):
        await write_one(file)


async def test_a_commit_reaches_the_disk_before_anybody_is_told(file: Path):
    async with open_ledger(file, clock=FakeClock()) as ledger:

        def settings(connection: sqlite3.Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "fullfsync", "foreign_keys", "mmap_size", "application_id")
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        assert await ledger._connection.run(settings) == ["wal", 2, 1, 1, 0, migrate.APPLICATION_ID]
    async with read_ledger(file) as reader:
        assert await reader._connection.run(lambda c: c.execute("PRAGMA wal_autocheckpoint").fetchone()[0]) == 0


async def test_a_folder_in_the_ledgers_place_is_named(file: Path):
    file.mkdir()
    with pytest.raises(LedgerError, match="the ledger cannot be opened"):
        await write_one(file)


async def test_a_folder_that_cannot_be_made_is_named(file: Path):
    file.touch()
    with pytest.raises(LedgerError, match="the ledger cannot be opened"):
        await write_one(file / "ledger.db")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_what_a_killed_writer_had_begun_without_wal_is_taken_back_by_the_next_reader(file: Path):
    """So it is while a new ledger is made, and always on a disk that cannot do WAL."""
    async with open_ledger(file, clock=FakeClock()) as ledger:
        await ledger.record_intent(make_intent(1))
    writer = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.executescript("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN IMMEDIATE")
ledger.execute("UPDATE attempts SET stage = 'failed'")
ledger.execute("CREATE TABLE much (more)")
for _ in range(500):
    ledger.execute("INSERT INTO much VALUES (zeroblob(3000))")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", writer, str(file)], check=False)
    assert file.with_name(f"{file.name}-journal").stat().st_size

    async with read_ledger(file) as ledger:
        assert [each.stage for each in await ledger.attempts()] == ["intended"]
