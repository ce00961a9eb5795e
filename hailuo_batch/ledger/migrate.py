"""Migrates a ledger file to the form that this version writes; older files are copied first.

The file itself has the number of its last migration (`user_version`). Independent of what the tables mean.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from hailuo_batch.errors import LedgerError
from hailuo_batch.files.names import remove_file, replace_file
from hailuo_batch.ledger.moved_mark import MOVED_VERSION, moved_error

APPLICATION_ID = int.from_bytes(b"HAlB", "big")  # in the file's header, set by the first migration
OLDEST_SQLITE = (3, 37, 0)  # the first with STRICT tables


@cache
def migrations() -> tuple[str, ...]:
    """The scripts in order; the first leads from an empty file to version 1."""
    files = sorted((Path(__file__).parent / "migrations").glob("[0-9]*.sql"))
    return tuple(file.read_text(encoding="utf-8") for file in files)


def check_version(connection: sqlite3.Connection, path: Path, newest: int) -> int:
    """The version of a ledger file, 0 for an empty one; refuses what this tool must not touch."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LedgerError(
            "the SQLite of this Python is too old",
            why=f"it is {sqlite3.sqlite_version}; the ledger needs 3.37 or newer",
            remedy="Use a newer Python, such as one from python.org.",
        )
    version = _read_pragma(connection, "user_version")
    if version == MOVED_VERSION:
        raise moved_error(path)
    if version > newest:
        raise LedgerError(
            "the ledger is newer than this tool",
            why=f"{path} has version {version}; this hailuo-batch knows versions up to {newest}",
            remedy="Upgrade the tool, then run the command again:\n    pip install --upgrade hailuo-batch",
        )
    filled = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    if filled and (version == 0 or _read_pragma(connection, "application_id") != APPLICATION_ID):
        raise LedgerError(
            "this file is not a ledger of hailuo-batch",
            why=f"{path} is an SQLite file of another program",
            remedy="Move it elsewhere; a new ledger is made in its place.",
        )
    return version


def migrate(connection: sqlite3.Connection, version: int, scripts: Sequence[str]) -> None:
    """Carries out the scripts after `version`, each in one transaction with its number."""
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def back_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copies a ledger beside itself before it is changed; the copy's path."""
    copy = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    unfinished = copy.with_name(f"{copy.name}.tmp")
    for ending in ("", "-journal"):  # what a killed upgrade left; a link there is taken away, and not followed
        with suppress(FileNotFoundError):
            remove_file(unfinished.with_name(unfinished.name + ending))
    with closing(sqlite3.connect(unfinished)) as target:
        connection.backup(target)
    replace_file(unfinished, copy)
    return copy


def _read_pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value
