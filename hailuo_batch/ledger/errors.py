"""SQLite errors that end a command, in the user's words. Independent of what was read or written."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hailuo_batch.errors import DamagedLedgerError, LedgerError
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.ledger.disk_locks import has_no_locks, no_locks_error

_DAMAGED_REMEDY = (
    "Move the file aside and put back a copy: a backup, or one that an upgrade left beside it. "
    "Without one, clips in the store and in the lock file are safe; check your providers' accounts for the rest."
)
_FOREIGN_REMEDY = (
    "If it leads to your own ledger, move that file here, in the place of the link: a new ledger knows nothing of what "
    "was bought. Otherwise move it away."
)
_OPEN_REMEDY = "Check that its folder is there and can be written to."
_UNLOCKED_REMEDY = (
    "Close other programs that have it open. If none has, its disk cannot lock files: keep the project on a local "
    "disk, or mount this one with locks (for NFS without `nolock`)."
)
_BY_CODE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_NOTADB: ("the ledger is not an SQLite file", _DAMAGED_REMEDY),
    sqlite3.SQLITE_CORRUPT: ("the ledger is damaged", _DAMAGED_REMEDY),
    sqlite3.SQLITE_FULL: (
        "the disk is full, so the ledger cannot be written",
        "Free some disk space, then run the command again.",
    ),
    sqlite3.SQLITE_READONLY: ("the ledger cannot be written to", "Check who owns the file and its folder."),
    sqlite3.SQLITE_PERM: ("the ledger cannot be written to", "Check who owns the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: ("the ledger cannot be opened", _OPEN_REMEDY),
    sqlite3.SQLITE_BUSY: ("the ledger is in use by another program", "Close that program, then try again."),
    sqlite3.SQLITE_PROTOCOL: ("the ledger cannot be locked", _UNLOCKED_REMEDY),
    sqlite3.SQLITE_LOCKED: ("the ledger is in use by another program", "Close that program, then try again."),
    sqlite3.SQLITE_IOERR: ("the disk failed under the ledger", "Check the disk. Nothing was submitted after this."),
}
_LOCK_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_IOERR})


@contextmanager
def translate_sqlite_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite or the disk raises into a `LedgerError`; a broken constraint is a bug of ours and says so."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise AssertionError(f"the ledger refused a write: {error}") from error
    except UnsafeFileError as error:
        remedy = error.remedy or _FOREIGN_REMEDY
        why = f"{error.path}: it {error.reason}. It was not used."
        raise LedgerError("what is in the ledger's place is not ours", why=why, remedy=remedy) from error
    except OSError as error:
        raise LedgerError(
            "the ledger cannot be opened", why=f"{path}: {error.strerror}", remedy=_OPEN_REMEDY
        ) from error
    except sqlite3.Error as error:
        raise make_ledger_error(error, path) from error


def make_ledger_error(error: sqlite3.Error, path: Path) -> LedgerError:
    """The error that a user sees, by SQLite's code."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _LOCK_CODES and has_no_locks(path.parent):
        return no_locks_error(path)
    # The low byte is the kind; the rest distinguishes, for example, the many ways in which a disk can fail.
    summary, remedy = _BY_CODE.get(code & 0xFF, ("the ledger cannot be used", _DAMAGED_REMEDY))
    kind = DamagedLedgerError if remedy is _DAMAGED_REMEDY else LedgerError
    return kind(summary, why=f"{path}: {error}", remedy=remedy)
