"""The ledger on SQLite: what was intended, sent, charged and kept, and which names were given.

A method that writes returns when its write would survive a power cut. Which moves there are stands in
`core/attempt/attempt.py`; nothing here decides one. No key and no link is ever handed in, so none is stored.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Artifact, Move, Stage, after
from hailuo_batch.core.money import Money
from hailuo_batch.ledger.aggregates import lengths
from hailuo_batch.ledger.connection import Connection, connected
from hailuo_batch.ledger.group_commit import Writer
from hailuo_batch.ledger.open import for_reading, for_writing
from hailuo_batch.ledger.queries import queries
from hailuo_batch.ledger.reader import Reads
from hailuo_batch.ports import Clock, Facts, Intent, Named

INTEND = "intend"  # the event that begins an attempt; every other one is a `Move`
_NOTHING = Facts()


class SqliteLedger(Reads):
    """The ledger for the one run that writes."""

    def __init__(self, connection: Connection, writer: Writer, clock: Clock) -> None:
        super().__init__(connection)
        self._writer = writer
        self._clock = clock

    @property
    def commits(self) -> int:
        """How many transactions were written so far."""
        return self._writer.commits

    async def intend(self, intent: Intent) -> int:
        """The number of the live attempt for this fingerprint: a new one, or the one that was intended before."""
        return await self._writer.write(partial(_intend, intent=intent, now=self._clock.now()))

    async def move(self, attempt: int, move: Move, facts: Facts = _NOTHING) -> Stage:
        """Moves an attempt by the table of `core/attempt/attempt.py` and appends the event; the new stage."""
        return await self._writer.write(partial(_move, attempt=attempt, move=move, facts=facts, now=self._clock.now()))

    async def bring_back(self, intent: Intent, artifact: Artifact, cost: Money | None) -> int:
        """Records a clip that was made before this ledger knew of it, in one write; the number of its attempt."""
        return await self._writer.write(
            partial(_bring_back, intent=intent, artifact=artifact, cost=cost, now=self._clock.now())
        )

    async def name(self, names: Iterable[Named]) -> None:
        """Records which names were given to which clips; a name that is recorded already costs nothing."""
        await self._writer.write(partial(_name, names=list(names), now=self._clock.now()))

    async def lengths(self) -> list[tuple[str, str, float]]:
        """How long the last clips took that providers made: provider, pre-image of the request, seconds."""
        return await self._connection.run(lengths)

    async def begin_run(self, *, manifest: str, campaign: str, sketch: bool) -> int:
        """Records that a run has begun; its number."""
        row = (manifest, campaign, sketch, self._clock.now())
        return await self._writer.write(partial(_begin_run, row=row))

    async def end_run(self, run: int, *, stored: int, failed: int, exit: int) -> None:  # noqa: A002 — the word for it
        """Records how a run ended."""
        row = (self._clock.now(), stored, failed, exit, run)
        await self._writer.write(partial(_end_run, row=row))


@asynccontextmanager
async def open_ledger(path: Path, *, clock: Clock) -> AsyncIterator[SqliteLedger]:
    """The ledger for writing; whoever opens it holds the run lock. Leaving it writes what is queued."""
    async with connected(partial(for_writing, path), path) as connection:
        writer = Writer(connection)
        try:
            yield SqliteLedger(connection, writer, clock)
        finally:
            await writer.close()


@asynccontextmanager
async def read_ledger(path: Path) -> AsyncIterator[Reads]:
    """The ledger for reading, also while a run writes; a missing file reads as empty and is not made."""
    async with connected(partial(for_reading, path), path) as connection:
        yield Reads(connection)


def _intend(connection: sqlite3.Connection, intent: Intent, now: float) -> int:
    estimate = _columns(intent.estimate)
    live = connection.execute(queries()["live_attempt"], (intent.fingerprint,)).fetchone()
    if live is None:
        who = (intent.campaign, intent.shot, intent.take, json.dumps(intent.tags, ensure_ascii=False), intent.run)
        row = (intent.fingerprint, intent.preimage, intent.provider, *who, *estimate, now, now)
        attempt = connection.execute(queries()["add_attempt"], row).lastrowid
    else:
        attempt, stage, provider = live
        # Money: anything further on may have been paid for; and what may have been sent to one provider before a
        # crash is no leave to ask another.
        if stage != Stage.INTENDED or provider != intent.provider:
            raise AssertionError(
                f"attempt {attempt} is {stage} at {provider}; it cannot be intended at {intent.provider}"
            )
        connection.execute(queries()["intend_again"], (intent.run, *estimate, now, attempt))
    if attempt is None:
        raise AssertionError("SQLite gave no row id")
    data = {"provider": intent.provider, "run": intent.run, "estimate": _plain(intent.estimate)}
    _append(connection, data, attempt=attempt, at=now, move=INTEND, stage=Stage.INTENDED)
    return int(attempt)


def _bring_back(
    connection: sqlite3.Connection, intent: Intent, artifact: Artifact, cost: Money | None, now: float
) -> int:
    attempt = _intend(connection, intent, now)
    _move(connection, attempt, Move.ACCEPT, Facts(task=""), now)
    _move(connection, attempt, Move.PRODUCE, Facts(cost=cost), now)
    _move(connection, attempt, Move.KEEP, Facts(artifact=artifact), now)
    return attempt


def _move(connection: sqlite3.Connection, attempt: int, move: Move, facts: Facts, now: float) -> Stage:
    row = connection.execute(queries()["stage_of"], (attempt,)).fetchone()
    if row is None:
        raise AssertionError(f"there is no attempt {attempt}")
    stage = after(Stage(row[0]), move)
    if facts.artifact is not None:
        _keep(connection, facts.artifact, now)
    cost_amount, cost_currency = _columns(facts.cost)
    failure = facts.failure
    changes = {
        "attempt": attempt,
        "stage": stage,
        "task": facts.task,
        "digest": None if facts.artifact is None else facts.artifact.digest,
        "cost_amount": cost_amount,
        "cost_currency": cost_currency,
        "failure": None if failure is None else failure.kind,
        "why": None if failure is None else failure.why,
        "remedy": None if failure is None else failure.remedy,
        "now": now,
    }
    connection.execute(queries()["move_attempt"], changes)
    _append(connection, _told(facts), attempt=attempt, at=now, move=move, stage=stage)
    return stage


def _keep(connection: sqlite3.Connection, clip: Artifact, now: float) -> None:
    row = (clip.digest, clip.size, clip.width, clip.height, clip.seconds, clip.frames, clip.codec, now)
    connection.execute(queries()["keep_artifact"], row)


def _append(connection: sqlite3.Connection, data: Mapping[str, object], **event: object) -> None:
    told = {key: value for key, value in data.items() if value is not None}
    event["data"] = json.dumps(told, sort_keys=True, ensure_ascii=False)
    connection.execute(queries()["add_event"], event)


def _name(connection: sqlite3.Connection, names: list[Named], now: float) -> None:
    rows = [(n.file, n.campaign, n.shot, n.version, n.take, n.fingerprint, n.sketch, now) for n in names]
    connection.executemany(queries()["give_name"], rows)


def _begin_run(connection: sqlite3.Connection, row: tuple[object, ...]) -> int:
    number = connection.execute(queries()["begin_run"], row).lastrowid
    return int(number or 0)


def _end_run(connection: sqlite3.Connection, row: tuple[object, ...]) -> None:
    connection.execute(queries()["end_run"], row)


def _told(facts: Facts) -> dict[str, object]:
    """The facts as they stand in an event."""
    failure = facts.failure
    return {
        "task": facts.task,
        "digest": None if facts.artifact is None else facts.artifact.digest,
        "cost": _plain(facts.cost),
        "failure": None if failure is None else {"kind": failure.kind, "why": failure.why, "remedy": failure.remedy},
        "reason": facts.reason,
        "by": facts.by,
    }


def _columns(money: Money | None) -> tuple[str | None, str | None]:
    return (None, None) if money is None else (str(money.amount), money.currency)


def _plain(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}
