"""Brings a database to the form that this version writes: the scripts of `migrations/`, each once, in their order.

Only `ledger init` does it, as the owner of the database. Everyone else checks the number and refuses another form.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

SCHEMA = "hailuo"
LOCK_CLASS = int.from_bytes(
    b"HAlB", "big"
)  # the first half of every advisory lock of ours; 0 is the one gate of writes
_START = f"""\
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.migrations (
    number integer PRIMARY KEY, name text NOT NULL, done_at timestamptz NOT NULL DEFAULT now()
)"""


@cache
def migrations() -> tuple[tuple[str, str], ...]:
    """The scripts in order, each with its name; the first leads from an empty database to version 1."""
    files = sorted((Path(__file__).parent / "migrations").glob("[0-9]*.sql"))
    return tuple((file.stem, file.read_text(encoding="utf-8")) for file in files)


def migrate(connection: "psycopg.Connection") -> int:
    """Carries out the scripts that a database lacks, all or none of them; how many they were.

    An advisory lock lets one program do it at a time; the others find it done.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCK_CLASS,))
        connection.execute(_START)
        connection.execute(f"SET LOCAL search_path = {SCHEMA}")
        version = read_version(connection)
        missing = list(enumerate(migrations(), 1))[version:]
        for number, (name, script) in missing:
            connection.execute(script.encode())
            connection.execute("INSERT INTO migrations (number, name) VALUES (%s, %s)", (number, name))
    return len(missing)


def read_version(connection: "psycopg.Connection") -> int:
    """The number of the last script that a database has had."""
    row = connection.execute(f"SELECT coalesce(max(number), 0) FROM {SCHEMA}.migrations").fetchone()  # noqa: S608 - a name of ours
    return 0 if row is None else int(row[0])
