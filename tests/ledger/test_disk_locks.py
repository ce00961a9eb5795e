"""A disk without locks: SQLite calls it a ledger in use, and the reason is another."""

import errno
import fcntl
import sqlite3
from pathlib import Path

import pytest

from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.errors import make_ledger_error
from hailuo_batch.ledger.run_lock import FileLocks


def busy() -> sqlite3.Error:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(fcntl, "fcntl", refuse)


@pytest.mark.usefixtures("lockless")
def test_a_disk_without_locks_is_named_by_the_ledger_and_by_the_run_lock(tmp_path: Path):
    said = make_ledger_error(busy(), tmp_path / "ledger.db")
    assert said.summary == "this disk cannot lock files"
    assert "local disk" in said.remedy
    assert not list(tmp_path.iterdir())
    with (
        pytest.raises(LedgerError, match="this disk cannot lock files"),
        FileLocks(tmp_path / "x").hold_run_lock("run"),
    ):
        pass


def test_where_locks_work_a_ledger_that_is_in_use_is_called_so(tmp_path: Path):
    assert make_ledger_error(busy(), tmp_path / "ledger.db").summary == "the ledger is in use by another program"
    assert not list(tmp_path.iterdir())


def test_a_lock_that_cannot_be_had_blames_no_program_alone(tmp_path: Path) -> None:
    """SQLite says so after a hundred tries, as on a disk whose locks come and go."""
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
    found = make_ledger_error(error, tmp_path / "ledger.db")
    assert found.summary == "the ledger cannot be locked"
    assert "its disk cannot lock files" in found.remedy
