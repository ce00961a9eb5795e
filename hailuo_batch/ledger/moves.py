"""What moved in a ledger since a moment of it: read at once, without a loop, by who has only that to know."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from hailuo_batch.core.models import LOCAL_MODELS
from hailuo_batch.errors import HailuoError
from hailuo_batch.ledger.open import open_for_reading
from hailuo_batch.ledger.rows import LedgerRows
from hailuo_batch.ports import LedgerMark
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMoves:
    """What happened up to `mark`: clips of attempts that moved, and the campaigns (real ones, or their sketches).

    `campaigns` are those of these attempts, and of the runs that may have given names: each with whether it is of
    sketches.
    """

    mark: LedgerMark
    digests: frozenset[str]
    campaigns: frozenset[tuple[str, bool]]


def read_mark(ledger: LedgerRows) -> LedgerMark:
    """See `LedgerReader.mark`."""
    ((own, event, at, run),) = ledger.rows("mark")
    return LedgerMark(ledger=own, event=event, at=at, run=run)


def read_moves(path: Path, since: LedgerMark) -> LedgerMoves | None:
    """What moved since then; None where the ledger is another one, or an older copy of itself.

    Every change of an attempt appends an event, and only runs give names.
    """
    try:
        with closing(open_for_reading(path)) as ledger:
            ledger.execute("BEGIN")  # all as of one moment
            found = list(ledger.rows("event_time", since.event))
            now = read_mark(ledger)
            if now.ledger != since.ledger or found != [(since.at,)]:
                return None
            campaigns = ledger.rows("moved_campaigns", since.run, json.dumps(sorted(LOCAL_MODELS)), since.event)
            return LedgerMoves(
                mark=now,
                digests=frozenset(digest for (digest,) in ledger.rows("moved_digests", since.event)),
                campaigns=frozenset((campaign, bool(sketch)) for campaign, sketch in campaigns),
            )
    except (OSError, sqlite3.Error, HailuoError):
        return None  # who reads the whole says what is wrong with it
