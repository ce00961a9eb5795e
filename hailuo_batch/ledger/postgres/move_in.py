"""Copies the ledger of one machine into a shared one, in one transaction, and proves that nothing changed on the way.

Numbers of attempts, events and runs are shifted behind those that are there. What both ledgers bought stays live where
it was first; the other attempt is written off with its money, since both were paid for.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage
from hailuo_batch.core.models import LOCAL_MODELS
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    import psycopg

_RUN = ("id", "manifest", "campaign", "sketch", "started_at", "ended_at", "stored", "failed", "exit")
_CLIP = ("digest", "size", "width", "height", "seconds", "frames", "codec", "kept_at")
_ATTEMPT = (
    "id", "fingerprint", "provider", "campaign", "shot", "take", "tags", "run", "stage", "task", "digest",
    "estimate_amount", "estimate_currency", "quote_amount", "quote_currency", "cost_amount", "cost_currency",
    "failure", "why", "remedy", "intended_at", "changed_at", "preimage",
)  # fmt: skip
_EVENT = ("id", "attempt", "at", "move", "stage", "data")
_NAME = ("file", "campaign", "shot", "version", "take", "fingerprint", "sketch", "given_at")
_TABLES = ("attempts", "events", "runs", "artifacts", "names", "holders", "caps")
_MONEY = ("estimate", "quote", "cost")
_GIVE_UP = {
    Stage.INTENDED: (Move.LOSE_SIGHT, Move.WRITE_OFF),
    Stage.SUBMITTED: (Move.WRITE_OFF,),
    Stage.PRODUCED: (Move.WRITE_OFF,),
    Stage.IN_DOUBT: (Move.WRITE_OFF,),
    Stage.STORED: (Move.DISCARD,),
}
_TWICE = "it was bought in another checkout too, before they shared a ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveProof:
    """What was copied, the same on both sides: how many rows, and the sum of every amount by its kind and currency."""

    attempts: int
    events: int
    sums: tuple[tuple[str, str, Decimal], ...]
    twice: int = 0  # attempts of which the shared ledger had a live one already

    @property
    def words(self) -> str:
        """The proof as people read it."""
        sums = ", ".join(f"{kind} {total:f} {currency}" for kind, currency, total in self.sums) or "no money"
        return f"{self.attempts:,} attempts and {self.events:,} events; {sums}"


def read_moved(connection: "psycopg.Connection", identity: str) -> tuple[int, int] | None:
    """How many attempts and events of a ledger came here already; None where it did not."""
    row = connection.execute("SELECT attempts, events FROM moved_ledgers WHERE id = %s", (identity,)).fetchone()
    return None if row is None else (int(row[0]), int(row[1]))


def count_source(source: sqlite3.Connection) -> MoveProof:
    """What a ledger has."""
    sums = []
    for kind in _MONEY:
        rows = _select(source, "attempts", (f"{kind}_amount", f"{kind}_currency"))
        sums += _sum_amounts(kind, (row for row in rows if row[0] is not None))
    attempts, events = (sum(1 for _ in _select(source, table, ("id",))) for table in ("attempts", "events"))
    return MoveProof(attempts=attempts, events=events, sums=tuple(sums))


def copy_ledger(source: sqlite3.Connection, target: "psycopg.Connection", card: HolderCard, identity: str) -> MoveProof:
    """Copies all of it, inside a transaction that the caller commits; raises `LedgerError` where the proof fails."""
    wanted = count_source(source)
    target.execute(f"LOCK TABLE {', '.join(_TABLES)} IN SHARE ROW EXCLUSIVE MODE")
    holder = _enter(target, card)
    shift = {table: _highest(target, table) for table in ("runs", "attempts", "events")}
    taken = {row[0] for row in target.execute("SELECT fingerprint FROM attempts WHERE stage = ANY (%s)", (_live(),))}
    _copy_runs(source, target, holder, shift["runs"])
    _insert(target, "artifacts", _CLIP, _select(source, "artifacts", _CLIP), "ON CONFLICT DO NOTHING")
    twice = _copy_attempts(source, target, holder, shift, taken)
    events = _select(source, "events", _EVENT)
    rows = ((number + shift["events"], attempt + shift["attempts"], *rest) for number, attempt, *rest in events)
    _insert(target, "events", _EVENT, rows, numbered=True)
    found = _count_target(target, shift)
    if (found.attempts, found.events, found.sums) != (wanted.attempts, wanted.events, wanted.sums):
        raise LedgerError(
            "the copy is not what was to be copied",
            why=f"the ledger has {wanted.words}; the copy has {found.words}",
            remedy="Nothing was changed. This is a bug in hailuo_batch.",
        )
    for table in shift:  # the next numbers are behind those that came
        target.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1)) FROM {table}")  # noqa: S608
    _give_up(target, twice)
    names = ((*row[:6], bool(row[6]), row[7]) for row in _select(source, "names", _NAME))
    _insert(target, "names", _NAME, names, "ON CONFLICT DO NOTHING")
    _count_under_caps(target, shift["attempts"])
    target.execute(
        "INSERT INTO moved_ledgers (id, holder, attempts, events) VALUES (%s, %s, %s, %s)",
        (identity, holder, wanted.attempts, wanted.events),
    )
    return MoveProof(attempts=wanted.attempts, events=wanted.events, sums=wanted.sums, twice=len(twice))


def _enter(target: "psycopg.Connection", card: HolderCard) -> int:
    """The holder of what comes: never alive, in the folder that has its clips."""
    row = target.execute(
        "INSERT INTO holders (host, person, process, program, command, place, since, left_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, now()) RETURNING id",
        (card.host, card.person, card.process, card.program, card.command, card.place, card.since),
    ).fetchone()
    return 0 if row is None else int(row[0])


def _copy_runs(source: sqlite3.Connection, target: "psycopg.Connection", holder: int, shift: int) -> None:
    runs = _select(source, "runs", _RUN)
    rows = ((row[0] + shift, row[1], row[2], bool(row[3]), *row[4:], holder) for row in runs)
    _insert(target, "runs", (*_RUN, "holder"), rows, numbered=True)


def _copy_attempts(
    source: sqlite3.Connection, target: "psycopg.Connection", holder: int, shift: dict[str, int], taken: set[str]
) -> list[tuple[int, Stage]]:
    """Copies the attempts, and says which of them the shared ledger has alive already, by their new numbers.

    Those come as cancelled, so that the index holds; `_give_up` writes down why.
    """
    twice: list[tuple[int, Stage]] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        for row in _select(source, "attempts", _ATTEMPT):
            each = dict(zip(_ATTEMPT, row, strict=True))
            each["id"] += shift["attempts"]
            each["run"] = None if each["run"] is None else each["run"] + shift["runs"]
            each["tags"] = json.loads(each["tags"])
            if each["stage"] in LIVE_STAGES and each["fingerprint"] in taken:
                twice.append((each["id"], Stage(each["stage"])))
                each["stage"] = Stage.CANCELLED
            yield (*(each[name] for name in _ATTEMPT), holder, each["provider"] in LOCAL_MODELS)

    _insert(target, "attempts", (*_ATTEMPT, "holder", "free"), rows(), numbered=True)
    return twice


def _give_up(target: "psycopg.Connection", twice: Iterable[tuple[int, Stage]]) -> None:
    """Writes down of each that it was given up, with its money: an event for each move that leads there."""
    for number, stage in twice:
        kind = "discarded" if stage is Stage.STORED else "written_off"
        words = {"kind": kind, "why": _TWICE, "remedy": ""}
        for move in _GIVE_UP[stage]:
            after = Stage.IN_DOUBT if move is Move.LOSE_SIGHT else Stage.CANCELLED
            target.execute(
                "INSERT INTO events (attempt, at, move, stage, data) VALUES"
                " (%s, extract(epoch FROM clock_timestamp()), %s, %s, %s::jsonb)",
                (number, str(move), str(after), json.dumps({"failure": words, "reason": _TWICE})),
            )
        target.execute("UPDATE attempts SET failure = %s, why = %s WHERE id = %s", (kind, _TWICE, number))


def _count_under_caps(target: "psycopg.Connection", shift: int) -> None:
    """What came counts under every cap that covers it."""
    target.execute(
        "INSERT INTO attempt_caps (attempt, cap, amount) SELECT a.id, c.id, count_amount(a, c.currency)"
        " FROM attempts a, caps c WHERE a.id > %s AND NOT a.free"
        " AND covers((c.id, c.campaign, c.tag_form, c.since, c.currency, NULL, 0, NULL)::cap_use,"
        " a.campaign, a.tags, a.intended_at)",
        (shift,),
    )
    target.execute(
        "UPDATE caps SET allowed = NULL,"
        " used = coalesce((SELECT sum(amount) FROM attempt_caps WHERE attempt_caps.cap = caps.id), 0)"
    )


def _count_target(target: "psycopg.Connection", shift: dict[str, int]) -> MoveProof:
    sums: list[tuple[str, str, Decimal]] = []
    for kind in _MONEY:
        rows = target.execute(
            f"SELECT {kind}_amount::text, {kind}_currency FROM attempts WHERE id > %s AND {kind}_amount IS NOT NULL",  # noqa: S608
            (shift["attempts"],),
        )
        sums += _sum_amounts(kind, rows)
    counts = []
    for table in ("attempts", "events"):
        row = target.execute(f"SELECT count(*) FROM {table} WHERE id > %s", (shift[table],)).fetchone()  # noqa: S608
        counts.append(0 if row is None else int(row[0]))
    return MoveProof(attempts=counts[0], events=counts[1], sums=tuple(sums))


def _sum_amounts(kind: str, rows: Iterable[Any]) -> list[tuple[str, str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for amount, currency in rows:
        sums[currency] = sums.get(currency, Decimal()) + Decimal(amount)
    return [(kind, currency, total) for currency, total in sorted(sums.items())]


def _highest(target: "psycopg.Connection", table: str) -> int:
    row = target.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608
    return 0 if row is None else int(row[0])


def _select(source: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> sqlite3.Cursor:
    return source.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1")  # noqa: S608 - words of our own


def _insert(
    target: "psycopg.Connection",
    table: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[Any, ...]],
    more: str = "",
    *,
    numbered: bool = False,
) -> None:
    places = ", ".join("%s::jsonb" if column == "data" else "%s" for column in columns)
    override = "OVERRIDING SYSTEM VALUE " if numbered else ""
    statement = f"INSERT INTO {table} ({', '.join(columns)}) {override}VALUES ({places}) {more}"
    with target.cursor() as cursor:
        cursor.executemany(statement, list(rows))


def _live() -> list[str]:
    return [str(stage) for stage in LIVE_STAGES]
