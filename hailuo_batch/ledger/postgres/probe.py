"""Whether a server and what is between are fit for a shared ledger: tried, and not believed. Changes nothing.

A proxy that hands out sessions by the transaction would free a holder's lock while it lives, and others would take what
it works on. So one line takes a lock, and a second one must not get it.
"""

import json
import time
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.team import Team, make_team
from hailuo_batch.ledger.postgres.connect import PasswordSource, check_server, connect, translate_postgres_errors
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.migrate import LOCK_CLASS
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    import psycopg

_PROBE = -1  # the number of a lock that no holder has
_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProbe:
    """What was found. `skew` is how many seconds this machine's clock is ahead of the server's."""

    server: str
    fsync: bool
    full_page_writes: bool
    synchronous_commit: str  # as our sessions set it; "" where the server does not let them
    keeps_sessions: bool
    skew: float
    round_trip: float  # seconds, the shortest of several
    team: Team


def probe_ledger(url: str, *, password: PasswordSource | None = None) -> LedgerProbe:
    """Tries a shared ledger, on two lines. Raises `LedgerError` where it cannot be used at all."""
    with (
        translate_postgres_errors(url),
        connect(url, name="doctor", password=password) as first,
        connect(url, name="doctor", password=password) as second,
    ):
        check_server(_value(first, "SELECT read_server()"), url)
        skew, trip = _measure_clocks(first)
        return LedgerProbe(
            server=str(_value(first, "SHOW server_version")),
            fsync=_value(first, "SHOW fsync") == "on",
            full_page_writes=_value(first, "SHOW full_page_writes") == "on",
            synchronous_commit=str(_value(first, "SHOW synchronous_commit")),
            keeps_sessions=keeps_sessions(first, second),
            skew=skew,
            round_trip=trip,
            team=make_team(_value(first, "SELECT read_team()")),
        )


def report_owed(url: str, card: HolderCard, clips: int, *, password: PasswordSource | None = None) -> None:
    """Says to other machines how many clips the machine of a card has that the shared store lacks."""
    with translate_postgres_errors(url), connect(url, name=card.command, password=password) as line:
        line.execute("SELECT report_owed(%s::jsonb, %s)", (json.dumps(card.as_tree()), clips))


def keeps_sessions(first: "psycopg.Connection", second: "psycopg.Connection") -> bool:
    """Whether a lock of one line stays its own between two statements, while another line works."""
    words = (LOCK_CLASS, _PROBE)
    first.execute("SELECT pg_advisory_lock(%s, %s)", words)
    try:
        for _ in range(_TRIES):
            with second.transaction():
                if _value(second, "SELECT pg_try_advisory_xact_lock(%s, %s)", *words):
                    return False
                if not _value(first, "SELECT pg_advisory_unlock(%s, %s)", *words):
                    return False  # another session answered than the one that took it
                first.execute("SELECT pg_advisory_lock(%s, %s)", words)
        return True
    finally:
        first.execute("SELECT pg_advisory_unlock(%s, %s)", words)


def _measure_clocks(line: "psycopg.Connection") -> tuple[float, float]:
    found = []
    for _ in range(_TRIES):
        before = time.time()
        there = float(_value(line, "SELECT extract(epoch FROM clock_timestamp())"))
        after = time.time()
        found.append((after - before, (before + after) / 2 - there))
    trip, skew = min(found)
    return skew, trip


def _value(line: "psycopg.Connection", statement: str, *words: Any) -> Any:
    row = line.execute(statement.encode(), words or None).fetchone()
    return row[0] if row else None
