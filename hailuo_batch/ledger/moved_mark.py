"""The mark of a ledger whose content moved to a shared one: it keeps what it was, and refuses to be written.

Its number is one that no version of this program knows, so an older one refuses it too; triggers refuse other programs.
"""

import sqlite3
from contextlib import closing, suppress
from itertools import product
from pathlib import Path

from hailuo_batch.errors import LedgerError
from hailuo_batch.files.names import remove_file, replace_file

MOVED_VERSION = (1 << 30) + 1  # another one than the mark of `move_over.py`, in whose place a new ledger is made
_VERSION_PLACE = 60  # bytes from the start of an SQLite file to its user_version


def is_moved(path: Path) -> bool:
    """Whether this is the mark of a ledger that moved to a shared one."""
    try:
        with path.open("rb") as file:
            file.seek(_VERSION_PLACE)
            return int.from_bytes(file.read(4), "big") == MOVED_VERSION
    except OSError:
        return False


def mark_as_moved(path: Path, place: str) -> None:
    """Makes a ledger such a mark, in one transaction; the caller holds the run lock. Done again, it changes nothing."""
    if is_moved(path):
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE the_ledger_was_moved (place TEXT NOT NULL)")
        connection.execute("INSERT INTO the_ledger_was_moved VALUES (?)", (place,))
        for table, verb in product(("attempts", "events", "runs", "names"), ("INSERT", "UPDATE", "DELETE")):
            connection.execute(
                f"CREATE TRIGGER moved_{table}_{verb} BEFORE {verb} ON {table}"
                " BEGIN SELECT raise(ABORT, 'this ledger was moved to a shared one'); END"
            )
        connection.execute(f"PRAGMA user_version = {MOVED_VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")  # nothing of it is in a file beside it


def copy_beside(path: Path, copy: Path) -> None:
    """A copy of a ledger under another name, whole or not at all; one that is there stays."""
    if copy.exists():
        return
    unfinished = copy.with_name(f"{copy.name}.tmp")
    with suppress(FileNotFoundError):
        remove_file(unfinished)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    replace_file(unfinished, copy)


def read_moved_place(path: Path) -> str:
    """Where the content of a marked ledger went."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return str(connection.execute("SELECT place FROM the_ledger_was_moved").fetchone()[0])


def moved_error(path: Path) -> LedgerError:
    """Why nothing is read from it, or written to it."""
    place = read_moved_place(path)
    return LedgerError(
        "the ledger was moved to a shared one",
        why=f"What {path} knew is at {place} now. Nothing was submitted",
        remedy=f"Name it in hailuo.yaml, as in:\n    ledger: postgresql://{place}\nThen trust the project.",
    )
