"""How the ledger's file is opened: by the one run that writes, and by any number of readers beside it.

SQLite before 3.51.3 can damage a file in WAL mode when two connections write or checkpoint at the same moment. So one
connection writes (the run lock sees to it), readers open read-only and never checkpoint, and nothing is mapped.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from shlex import quote

from hailuo_batch.files.folder import Folder
from hailuo_batch.files.fsync import sync_folder
from hailuo_batch.files.regular import UnsafeFileError, require_regular_path
from hailuo_batch.ledger import migrate
from hailuo_batch.ledger.journal import JournalLink, attach_for_reading, attach_for_writing
from hailuo_batch.ledger.transactions import TransactionConnection

_BESIDE = ("", "-wal", "-shm", "-journal")  # the files of one SQLite file, by what their names end in
_PATIENCE = 5.0  # seconds to wait for another program (a backup, a file browser) that has the file locked
# Runs of other projects lock the journal for some milliseconds at each commit. A task's id waits rather than be lost.
_JOURNAL_PATIENCE = 60.0


def open_for_writing(path: Path, journal: JournalLink | None = None) -> TransactionConnection:
    """A connection that writes durably, on a file that is brought up to date; makes the file if there is none."""
    fresh = not path.exists()
    with Folder(path.parent).open(make=True, mode=0o700):
        require_regular_files(path)
    _refuse_second_name(path)
    connection = _connect(path, patience=_PATIENCE if journal is None else _JOURNAL_PATIENCE)
    try:
        _prepare(connection, path)
        if journal is not None:
            attach_for_writing(connection, journal)
    except BaseException:
        connection.close()
        raise
    if fresh:
        # Money: the file's own name must survive a power cut too, and the name of a folder that was made for it.
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    return connection


def open_for_reading(path: Path, journal: Path | None = None) -> TransactionConnection:
    """A connection that only reads and waits for no writer, with the journal attached where there is one.

    A missing file reads as empty, an older one as migrated.
    """
    try:
        connection = _open_reader(path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        _roll_back(path)
        connection = _open_reader(path)
    try:
        if journal is not None:
            attach_for_reading(connection, journal)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_reader(path: Path) -> TransactionConnection:
    steps = migrate.migrations()
    require_regular_files(path)
    if not path.exists():
        return _copy_to_memory(None, 0, steps)
    connection = _connect(_read_only_uri(path), uri=True)
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        version = migrate.check_version(connection, path, len(steps))
        if version == len(steps):
            return connection
        memory = _copy_to_memory(connection, version, steps)
    except BaseException:
        connection.close()
        raise
    connection.close()
    return memory


def _connect(file: Path | str, *, uri: bool = False, patience: float = _PATIENCE) -> TransactionConnection:
    return sqlite3.connect(
        file,
        uri=uri,
        timeout=patience,
        isolation_level=None,  # transactions are begun by `TransactionConnection` alone
        check_same_thread=False,
        factory=TransactionConnection,
    )


def _roll_back(path: Path) -> None:
    """Takes back what a writer had begun outside of WAL mode when it was killed; a reader alone may not.

    That is so while a new ledger is made, and always where a file system cannot do WAL.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _read_only_uri(path: Path) -> str:
    address = f"{path.absolute().as_uri()}?mode=ro"
    if os.access(path.parent, os.W_OK) or path.with_name(f"{path.name}-wal").exists():
        return address
    return f"{address}&immutable=1"  # a read-only disk: nothing writes, and SQLite cannot make the files it reads with


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    steps = migrate.migrations()
    version = migrate.check_version(connection, path, len(steps))
    # Where a file system cannot do WAL, SQLite stays with a rollback journal: slower, and as durable.
    connection.execute("PRAGMA journal_mode = WAL")
    # Money: a commit is on disk before its caller continues; NORMAL may lose a task id at a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone leaves the data in the drive's cache
    connection.execute("PRAGMA foreign_keys = ON")
    if 0 < version < len(steps):
        migrate.back_up(connection, path, version)
    migrate.migrate(connection, version, steps)


def _copy_to_memory(source: sqlite3.Connection | None, version: int, scripts: tuple[str, ...]) -> TransactionConnection:
    """An up-to-date copy in memory, for a reader that must not change the file."""
    memory = _connect(":memory:", uri=True)  # so that the journal can be attached by its address
    try:
        if source is not None:
            source.backup(memory)
        migrate.migrate(memory, version, scripts)
    except BaseException:
        memory.close()
        raise
    return memory


def require_regular_files(path: Path) -> None:
    """Raises where SQLite would follow a link, or open what is no file, in the place of a ledger or beside it."""
    for ending in _BESIDE:
        require_regular_path(path.with_name(path.name + ending))


def _refuse_second_name(path: Path) -> None:
    """SQLite warns of it: a file's other name has other files beside it, and what is written there gets lost."""
    if path.exists() and path.stat().st_nlink > 1:
        copy = f"{path}.copy"
        remedy = (
            f"Give it one name again:\n    cp {quote(str(path))} {quote(copy)} && mv {quote(copy)} {quote(str(path))}"
        )
        raise UnsafeFileError(path, "has a second name (a hard link), whose content would change with it", remedy)
