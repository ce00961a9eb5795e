"""The ledger on SQLite: what was intended, submitted, charged and stored, and which names were given.

A method that writes returns when its write would survive a power cut. `core/attempt/attempt.py` defines the moves; this
module only records them. It never gets a key or a link, so it stores none.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage, move_sources, next_stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.attempt.replay import INTEND
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.ledger.attempt_rows import read_attempt
from hailuo_batch.ledger.connection import LedgerConnection, open_connection
from hailuo_batch.ledger.event_data import make_event_data, make_intent_data
from hailuo_batch.ledger.journal import JournalLink, refuse_unsafe_purchase
from hailuo_batch.ledger.named_file import NamedFile, stat_file
from hailuo_batch.ledger.open import open_for_reading, open_for_writing
from hailuo_batch.ledger.queries import queries
from hailuo_batch.ledger.reader import SqliteLedgerReader
from hailuo_batch.ledger.transactions import TransactionConnection
from hailuo_batch.ports import Clock, Facts, Intent, RenderName, RunLock

if TYPE_CHECKING:
    from hailuo_batch.ledger.group_commit import WriteQueue

_NO_FACTS = Facts()


class SqliteLedger(SqliteLedgerReader):
    """Implements `ports.LedgerWriter`."""

    def __init__(
        self, connection: LedgerConnection, writer: "WriteQueue", clock: Clock, *, has_journal: bool = False
    ) -> None:
        super().__init__(connection)
        self._writer = writer
        self._clock = clock
        self._has_journal = has_journal

    @property
    def commits(self) -> int:
        """How many transactions were written so far."""
        return self._writer.commits

    @property
    def slot_source(self) -> None:
        """One run at a time writes here: it shares its pace with nobody."""

    async def record_intent(self, intent: Intent) -> int:
        """The number of the live attempt for this fingerprint: a new one, or the one that was intended before.

        Raises `BoughtElsewhereError` when another ledger of this machine has bought it, or may have.
        """
        record = insert_intent
        if self._has_journal and not is_local(intent.provider):
            record = partial(_claim_intent, ledger=self._connection.path)
        return await self._writer.write(partial(record, intent=intent, now=self._clock.now()))

    async def move(self, attempt: int, move: Move, facts: Facts = _NO_FACTS) -> Stage:
        """Moves an attempt by the table of `core/attempt/attempt.py` and appends the event; the new stage."""
        return await self._writer.write(
            partial(move_attempt, attempt=attempt, move=move, facts=facts, now=self._clock.now())
        )

    async def keep_clip(self, attempt: int, clip: Clip) -> AttemptRecord:
        """Moves an attempt by `Move.KEEP`; what is known of it then, by the same write."""
        return await self._writer.write(partial(_keep_clip, attempt=attempt, clip=clip, now=self._clock.now()))

    async def restore_clip(self, intent: Intent, clip: Clip, cost: Money | None) -> int:
        """Records a clip that was made before this ledger knew of it, in one write; the number of its attempt."""
        return await self._writer.write(
            partial(_restore_clip, intent=intent, clip=clip, cost=cost, now=self._clock.now())
        )

    async def adopt_task(self, intent: Intent, task: str, reason: str) -> int:
        """Records a task that was bought without this ledger, in one write; the number of its attempt."""
        return await self._writer.write(
            partial(_adopt_task, intent=intent, task=task, reason=reason, now=self._clock.now())
        )

    async def register_caps(self, caps: Iterable[Cap]) -> None:
        """One run at a time writes here, and it counts under its own caps: there is nothing to agree on."""

    async def take_over_purchases(self, place: str) -> Mapping[int, str]:
        """Takes over what the journal knows and this ledger lacks: of itself, and of the ledgers that had this place.

        The attempts, each with the digest of its clip if one was stored; their numbers may be new.
        """
        from hailuo_batch.ledger.repair import take_over  # few runs mend anything

        return await self._writer.write(partial(take_over, place=place, now=self._clock.now()))

    async def record_names(self, names: Iterable[RenderName]) -> None:
        """Records which names were given to which clips; a name that is recorded already costs nothing."""
        await self._writer.write(partial(_insert_names, names=list(names), now=self._clock.now()))

    async def begin_run(self, *, manifest: str, campaign: str, sketch: bool) -> int:
        """Records that a run has begun; its number."""
        row = (manifest, campaign, sketch, self._clock.now())
        return await self._writer.write(partial(_begin_run, row=row))

    async def end_run(self, run: int, *, stored: int, failed: int, exit: int) -> None:  # noqa: A002 — the word for it
        """Records how a run ended."""
        row = (self._clock.now(), stored, failed, exit, run)
        await self._writer.write(partial(_end_run, row=row))


@asynccontextmanager
async def open_ledger(
    path: Path, *, clock: Clock, lock: RunLock | None = None, journal: JournalLink | None = None
) -> AsyncIterator[SqliteLedger]:
    """The ledger for writing; only the holder of the run lock opens it. Leaving it writes what is queued.

    With `journal` each purchase is entered there by the same commit.
    """
    from hailuo_batch.ledger.group_commit import WriteQueue  # loads asyncio, which who only reads does without

    async with open_connection(partial(open_for_writing, path, journal), path) as connection:
        writer = WriteQueue(connection, _make_place_check(path, lock))
        try:
            yield SqliteLedger(connection, writer, clock, has_journal=journal is not None)
        finally:
            await writer.close()


def _make_place_check(path: Path, lock: RunLock | None) -> Callable[[], None]:
    """What raises `LedgerMovedError` when the open ledger, or the lock, is no longer the one of its name.

    The file is not looked at through its descriptor: to close a second one would drop SQLite's own locks on it.
    """
    files = [NamedFile(each, stat_file(each)) for each in (path, path.with_name(f"{path.name}-wal"))]
    checks = [each.check for each in files] + ([] if lock is None else [lock.check])

    def check() -> None:
        for each in checks:
            each()

    return check


@asynccontextmanager
async def read_ledger(
    path: Path, *, journal: Path | None = None, former: Path | None = None
) -> AsyncIterator[SqliteLedgerReader]:
    """The ledger for reading, also while a run writes; a missing file reads as empty and is not made.

    `former` is where it was before it moved to its place.
    """
    async with open_connection(partial(open_for_reading, path, journal), path) as connection:
        yield SqliteLedgerReader(connection, former_file=former)


def _claim_intent(connection: sqlite3.Connection, intent: Intent, now: float, *, ledger: Path) -> int:
    """Money: the journal is locked until the commit, so no other ledger can intend the same meanwhile."""
    refuse_unsafe_purchase(connection, intent.fingerprint, ledger=ledger)
    return insert_intent(connection, intent, now)


def insert_intent(connection: sqlite3.Connection, intent: Intent, now: float) -> int:
    """See `LedgerWriter.record_intent`, without the journal."""
    estimate = _money_columns(intent.estimate)
    live = connection.execute(queries()["live_attempt"], (intent.fingerprint,)).fetchone()
    if live is None:
        who = (intent.campaign, intent.shot, intent.take, json.dumps(intent.tags, ensure_ascii=False), intent.run)
        row = (intent.fingerprint, intent.preimage, intent.provider, *who, *estimate, now, now)
        attempt = connection.execute(queries()["add_attempt"], row).lastrowid
    else:
        attempt, stage, provider = live
        # Money: anything further on may have been paid for; and what may have been sent to one provider before a
        # crash is never submitted to another.
        if stage != Stage.INTENDED or provider != intent.provider:
            raise AssertionError(
                f"attempt {attempt} is {stage} at {provider}; it cannot be intended at {intent.provider}"
            )
        connection.execute(queries()["intend_again"], (intent.run, *estimate, now, attempt))
    if attempt is None:
        raise AssertionError("SQLite gave no row id")
    _append_event(connection, make_intent_data(intent), attempt=attempt, at=now, move=INTEND, stage=Stage.INTENDED)
    return int(attempt)


def _keep_clip(connection: TransactionConnection, attempt: int, clip: Clip, now: float) -> AttemptRecord:
    move_attempt(connection, attempt, Move.KEEP, Facts(clip=clip), now)
    return read_attempt(connection, attempt)


def _restore_clip(connection: sqlite3.Connection, intent: Intent, clip: Clip, cost: Money | None, now: float) -> int:
    attempt = insert_intent(connection, intent, now)
    move_attempt(connection, attempt, Move.ACCEPT, Facts(task=""), now)
    move_attempt(connection, attempt, Move.PRODUCE, Facts(cost=cost), now)
    move_attempt(connection, attempt, Move.KEEP, Facts(clip=clip), now)
    return attempt


def _adopt_task(connection: sqlite3.Connection, intent: Intent, task: str, reason: str, now: float) -> int:
    # Money: an attempt that is live may have a task of its own, which must not be replaced.
    if connection.execute(queries()["live_attempt"], (intent.fingerprint,)).fetchone() is not None:
        raise AssertionError(f"a request with a live attempt cannot adopt task {task}")
    attempt = insert_intent(connection, intent, now)
    move_attempt(connection, attempt, Move.ACCEPT, Facts(task=task, reason=reason), now)
    return attempt


def move_attempt(connection: sqlite3.Connection, attempt: int, move: Move, facts: Facts, now: float) -> Stage:
    """See `LedgerWriter.move`."""
    sources, stage = _move_words(move)
    if facts.clip is not None:
        _insert_clip(connection, facts.clip, now)
    cost_amount, cost_currency = _money_columns(facts.cost)
    quote_amount, quote_currency = _money_columns(facts.quote)
    failure = facts.failure
    changes = {
        "attempt": attempt,
        "sources": sources,
        "stage": stage,
        "task": facts.task,
        "digest": None if facts.clip is None else facts.clip.digest,
        "cost_amount": cost_amount,
        "cost_currency": cost_currency,
        "quote_amount": quote_amount,
        "quote_currency": quote_currency,
        "failure": None if failure is None else failure.kind,
        "why": None if failure is None else failure.why,
        "remedy": None if failure is None else failure.remedy,
        "now": now,
    }
    if connection.execute(queries()["move_attempt"], changes).rowcount != 1:
        _refuse_move(connection, attempt, move)
    _append_event(connection, make_event_data(facts), attempt=attempt, at=now, move=move, stage=stage)
    return stage


@cache
def _move_words(move: Move) -> tuple[str, Stage]:
    """The stages from which a move is allowed, as the query reads them, and the one that it leads to."""
    sources, target = move_sources(move)
    return f"/{'/'.join(sorted(sources))}/", target


def _refuse_move(connection: sqlite3.Connection, attempt: int, move: Move) -> NoReturn:
    """Says why a move was not made."""
    row = connection.execute(queries()["stage_of"], (attempt,)).fetchone()
    if row is None:
        raise AssertionError(f"there is no attempt {attempt}")
    next_stage(Stage(row[0]), move)
    raise AssertionError(f"attempt {attempt} did not {move}")


def _insert_clip(connection: sqlite3.Connection, clip: Clip, now: float) -> None:
    row = (clip.digest, clip.size, clip.width, clip.height, clip.seconds, clip.frames, clip.codec, now)
    connection.execute(queries()["keep_artifact"], row)


def _append_event(connection: sqlite3.Connection, data: Mapping[str, object], **event: object) -> None:
    event["data"] = json.dumps(data, sort_keys=True, ensure_ascii=False)
    connection.execute(queries()["add_event"], event)


def _insert_names(connection: sqlite3.Connection, names: list[RenderName], now: float) -> None:
    rows = [(n.file, n.campaign, n.shot, n.version, n.take, n.fingerprint, n.sketch, now) for n in names]
    connection.executemany(queries()["give_name"], rows)


def _begin_run(connection: sqlite3.Connection, row: tuple[object, ...]) -> int:
    number = connection.execute(queries()["begin_run"], row).lastrowid
    return int(number or 0)


def _end_run(connection: sqlite3.Connection, row: tuple[object, ...]) -> None:
    connection.execute(queries()["end_run"], row)


def _money_columns(money: Money | None) -> tuple[str | None, str | None]:
    return (None, None) if money is None else (str(money.amount), money.currency)
