"""Moves a project's ledger from `.hailuo/` into git's own folder, once; a kill at any moment leaves one that counts.

The copy is whole on disk before it gets its name. From then on the new file counts, and the old one becomes a mark that
older versions of this tool refuse to write to.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from hailuo_batch.errors import LedgerError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.files.fsync import sync_file, sync_folder
from hailuo_batch.ledger import migrate
from hailuo_batch.ledger.errors import translate_sqlite_errors
from hailuo_batch.ledger.open import open_for_writing

_MOVED_VERSION = 1 << 30  # of a mark: no tool knows a ledger of this version, so none writes to it
_VERSION_PLACE = 60  # bytes from the start of an SQLite file to its user_version


def is_ledger(path: Path) -> bool:
    """Whether a ledger is there that counts: not the mark of one that moved."""
    try:
        with path.open("rb") as file:
            file.seek(_VERSION_PLACE)
            return int.from_bytes(file.read(4), "big") != _MOVED_VERSION
    except OSError:
        return False


def move_over(older: Path, ledger: Path) -> None:
    """Moves the older ledger to its new place; the caller holds the run lock. Raises `LedgerError` if both have one."""
    if older == ledger or not is_ledger(older):
        return
    with translate_sqlite_errors(older):
        with closing(open_for_writing(older)) as connection:  # brought up to date first: it gets its identity there
            if ledger.exists():
                _require_same(connection, older, ledger)
            else:
                _copy(connection, ledger)
        _mark_as_moved(older)


def _copy(connection: sqlite3.Connection, ledger: Path) -> None:
    unfinished = ledger.with_name(f"{ledger.name}.moving")
    with Folder(ledger.parent).open(make=True, mode=0o700) as folder:
        folder.remove(unfinished.name)
        with closing(sqlite3.connect(unfinished)) as target:
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # nothing of it may be in a file beside it
        _put_in_place(folder, unfinished, ledger)
    for above in ledger.parents[1:4]:  # money: also the names of the folders that were just made
        sync_folder(above)


def _require_same(connection: sqlite3.Connection, older: Path, ledger: Path) -> None:
    """A killed move leaves both; two worktrees that each had a ledger leave two different ones."""
    with closing(open_for_writing(ledger)) as moved:
        same = _read_identity(moved) == _read_identity(connection)
        is_behind = _count_events(moved) < _count_events(connection)
    if not same or is_behind:
        raise LedgerError(
            "this repository has two ledgers",
            why=f"{ledger} is shared by all worktrees, and {older} is from before. Nothing was submitted",
            remedy="Take the purchases of the older one over:\n    hailuo-batch ledger repair",
        )


def _read_identity(connection: sqlite3.Connection) -> str:
    identity: str = connection.execute("SELECT id FROM identity").fetchone()[0]
    return identity


def _count_events(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM events").fetchone()[0]
    return count


def _mark_as_moved(older: Path) -> None:
    """Puts the mark in the old file's place; its last connection is closed, so no file beside it has a part of it."""
    mark = older.with_name(f"{older.name}.mark")
    with Folder(older.parent).open() as folder:
        folder.remove(mark.name)
        _write_mark(mark)
        _put_in_place(folder, mark, older)


def _write_mark(mark: Path) -> None:
    with closing(sqlite3.connect(mark, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE the_ledger_is_in_the_git_folder (here INTEGER)")
        connection.execute(f"PRAGMA application_id = {migrate.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_MOVED_VERSION}")


def _put_in_place(folder: OpenFolder, whole: Path, path: Path) -> None:
    """Moves a file that is whole on the disk to its name."""
    with folder.open_for_update(whole.name) as file:
        sync_file(file.fileno())
    folder.move(whole.name, path.name)
    folder.sync()
