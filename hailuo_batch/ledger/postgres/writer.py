"""The shared ledger for writing. Its rules are in the database (`migrations/`); this brings writes there, many at once.

Money: the database is the gate. Without a line to it nothing is intended, and so nothing is submitted. A commit whose
answer was lost is unclear: the batch goes out again under its number, and the ledger says what became of it.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.attempt.replay import INTEND
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.errors import BoughtElsewhereError
from hailuo_batch.ledger.attempt_rows import make_attempt_records
from hailuo_batch.ledger.event_data import make_event_data, make_intent_data
from hailuo_batch.ledger.group_commit import BatchQueue
from hailuo_batch.ledger.postgres.answers import make_error
from hailuo_batch.ledger.postgres.cap_patterns import make_cap_rows
from hailuo_batch.ledger.postgres.connect import PasswordSource, translate_postgres_errors
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.reader import PostgresLedgerReader, PostgresReads, open_journal, shared_queries
from hailuo_batch.ledger.postgres.session import Write, WriterSession
from hailuo_batch.ledger.reader import SqliteLedgerReader
from hailuo_batch.ports import Clock, Facts, Intent, RenderName, SharedAccount, SlotLease, SlotSource

if TYPE_CHECKING:
    import psycopg

_LOG = logging.getLogger("hailuo_batch.ledger")
_NO_FACTS = Facts()
_PATIENCE = 600.0  # seconds that a run waits for a ledger that is away; then it ends, and names its tasks


class PostgresLedger(PostgresLedgerReader):
    """Implements `ports.LedgerWriter`."""

    def __init__(self, session: WriterSession, clock: Clock, journal: SqliteLedgerReader | None) -> None:
        super().__init__(PostgresReads(session.line, session.url), session.card, journal, session.holder)
        self._session, self._clock = session, clock
        self._queue: BatchQueue[Write] = BatchQueue(session.write, on_unheard=self._warn_of_task)
        self._caps: list[Cap] = []
        self._takes: dict[int, str] = {}  # of what is being sent, by attempt: for the words when it cannot be recorded

    @property
    def commits(self) -> int:
        """How many transactions were written so far."""
        return self._queue.commits

    @property
    def server(self) -> Mapping[str, Any]:
        """Which ledger and server this is, and how far its log was at the last write."""
        return self._session.server

    async def record_intent(self, intent: Intent) -> int:
        """The number of the live attempt for this fingerprint: a new one, or this holder's own from before."""
        if self._journal is not None and not is_local(intent.provider):
            await self._refuse_bought(intent)
        attempt = int(await self._write(self._make_intent(intent)))
        self._takes[attempt] = f"{intent.shot}#{intent.take}"
        return attempt

    async def move(self, attempt: int, move: Move, facts: Facts = _NO_FACTS) -> Stage:
        """Moves an attempt by the table of `core/attempt/attempt.py` and appends the event; the new stage."""
        return Stage(await self._write({"attempt": attempt, "at": self._clock.now(), **_make_move(move, facts)}))

    async def keep_clip(self, attempt: int, clip: Clip) -> AttemptRecord:
        """Moves an attempt by `Move.KEEP`; what is known of it then, by the same write."""
        write = {"attempt": attempt, "at": self._clock.now(), "want": True, **_make_move(Move.KEEP, Facts(clip=clip))}
        (record,) = make_attempt_records([await self._write(write)])
        return record

    async def restore_clip(self, intent: Intent, clip: Clip, cost: Money | None) -> int:
        """Records a clip that was made before this ledger knew of it, in one write; the number of its attempt."""
        moves = [(Move.ACCEPT, Facts(task="")), (Move.PRODUCE, Facts(cost=cost)), (Move.KEEP, Facts(clip=clip))]
        then = [_make_move(move, facts) for move, facts in moves]
        return int(await self._write({**self._make_intent(intent), "then": then}))

    async def adopt_task(self, intent: Intent, task: str, reason: str) -> int:
        """Records a task that was bought without this ledger, in one write; the number of its attempt."""
        then = [_make_move(Move.ACCEPT, Facts(task=task, reason=reason))]
        return int(await self._write({**self._make_intent(intent), "fresh": True, "then": then}))

    async def register_caps(self, caps: Iterable[Cap]) -> None:
        """Says which caps this run has: what one of them has no room for is refused by the ledger itself."""
        self._caps, rows = make_cap_rows(caps)
        with translate_postgres_errors(self._session.url):
            await self._session.line.run(lambda connection: self._session.register(connection, rows))

    async def settle_server(self, reason: str) -> None:
        """Says for everyone that the ledger was compared with the accounts, so that its server counts again."""

        def carry_out(connection: "psycopg.Connection") -> Any:
            return connection.execute("SELECT settle_server(%s, %s)", (self._session.holder, reason)).fetchone()

        with translate_postgres_errors(self._session.url):
            row = await self._session.line.run(carry_out)
        self._session.server.update(row[0] if row else {})

    async def take_over_purchases(self, place: str) -> Mapping[int, str]:  # noqa: ARG002 - of the port
        """A shared ledger is not in the journal of one machine: there is nothing to take over."""
        return {}

    async def record_names(self, names: Iterable[RenderName]) -> None:
        """Records which names were given to which clips; a name that is recorded already costs nothing."""
        rows = [(n.file, n.campaign, n.shot, n.version, n.take, n.fingerprint, n.sketch) for n in names]
        if rows:
            await self._write(
                {"do": "names", "at": self._clock.now(), "names": list({row[0]: row for row in rows}.values())}
            )

    async def begin_run(self, *, manifest: str, campaign: str, sketch: bool) -> int:
        """Records that a run has begun; its number."""
        row = {"manifest": manifest, "campaign": campaign, "sketch": sketch}
        return int(await self._write({"do": "begin_run", "at": self._clock.now(), **row}))

    async def end_run(self, run: int, *, stored: int, failed: int, exit: int) -> None:  # noqa: A002 - the word for it
        """Records how a run ended."""
        row = {"run": run, "stored": stored, "failed": failed, "exit": exit}
        await self._write({"do": "end_run", "at": self._clock.now(), **row})

    @property
    def slot_source(self) -> SlotSource:
        """The rates and places that runs on other machines share with this one."""
        return self

    async def lease_slots(
        self, account: SharedAccount, *, used: int, wanted: int, pause: float | None = None
    ) -> SlotLease:
        """Leases at most so many slots that begin within a second; those that are not used lapse."""
        asked = {"account": account.account, "gateway": account.gateway, "between": account.distance, "used": used}
        asked |= {"wanted": wanted, "places": account.places, "pause": pause}
        given = json.dumps({name: value for name, value in asked.items() if value is not None})
        parameters, query = (self._session.holder, given), shared_queries()["lease_slots"]
        with translate_postgres_errors(self._session.url):
            row = await self._session.line.run(lambda connection: connection.execute(query, parameters).fetchone())
        found = row[0] if row else {}
        return SlotLease(
            now=found["now"], begins=tuple(found["slots"]), retry_after=found["retry"], is_full=found["full"]
        )

    async def close(self) -> None:
        """Writes what is queued, even if the closer is cancelled, and says that this holder ends."""
        self._session.hurry()
        try:
            await self._queue.close()
        finally:
            await self._session.leave()

    async def _write(self, write: Write) -> Any:
        with translate_postgres_errors(self._session.url):
            try:
                answer = await self._queue.put(write)
            except asyncio.CancelledError:
                self._session.hurry()  # the run is being stopped; what is queued is done all the same
                raise
        if isinstance(answer, dict):
            raise make_error(answer, str(write.get("move", INTEND)), self._caps)
        return answer

    def _warn_of_task(self, write: Write, error: Exception) -> None:
        """Money: whoever waited for it was stopped, so the id of a task is nowhere but here."""
        task = write.get("data", {}).get("task")
        if task and write.get("move") == Move.ACCEPT:
            words = (
                "warning: task %s of take %s could not be recorded: %s. When the ledger works again, run `resolve %s`."
            )
            take = self._takes.get(write["attempt"], f"of attempt {write['attempt']}")
            _LOG.warning(words, task, take, error, f"{take} --task {task} --reason 'the run printed it'")

    async def _refuse_bought(self, intent: Intent) -> None:
        """Money: a local ledger of this machine may have bought the same before the project shared one."""
        bought = (await self.purchases_elsewhere([intent.fingerprint])).get(intent.fingerprint)
        if bought is not None:
            why = f"the ledger {bought.place} has it as {str(bought.stage).replace('_', ' ')}"
            remedy = "Run again: what is bought there is not bought here."
            raise BoughtElsewhereError("it was bought in another checkout meanwhile", why=why, remedy=remedy)

    def _make_intent(self, intent: Intent) -> Write:
        return {
            "do": "intend",
            "at": self._clock.now(),
            "fingerprint": intent.fingerprint,
            "preimage": intent.preimage,
            "provider": intent.provider,
            "campaign": intent.campaign,
            "shot": intent.shot,
            "take": intent.take,
            "tags": intent.tags,
            "free": is_local(intent.provider),
            "data": make_intent_data(intent),
        }


@asynccontextmanager
async def open_shared_ledger(
    url: str,
    *,
    clock: Clock,
    card: HolderCard | None = None,
    journal: Path | None = None,
    password: PasswordSource | None = None,
    patience: float = _PATIENCE,
    answer_seconds: float = 30.0,
) -> AsyncIterator[PostgresLedger]:
    """The shared ledger for writing, as a new holder. Leaving it writes what is queued.

    `card` says who that is. `patience` is how long a ledger that is away is waited for; `answer_seconds`, how long one
    answer may take before the line counts as cut.
    """
    card = card or HolderCard.of_this_process("run")
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(open_journal(journal))
        session = WriterSession(url, card, password=password, patience=patience, answer_seconds=answer_seconds)
        try:
            await session.enter()
        except BaseException:
            await session.line.close()
            raise
        ledger = PostgresLedger(session, clock, local)
        try:
            yield ledger
        finally:
            await ledger.close()


def _make_move(move: Move, facts: Facts) -> Write:
    write: Write = {"do": "move", "move": move, "data": make_event_data(facts)}
    if (clip := facts.clip) is not None:
        write["clip"] = (clip.digest, clip.size, clip.width, clip.height, clip.seconds, clip.frames, clip.codec)
    return write
