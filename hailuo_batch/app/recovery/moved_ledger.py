"""What to tell when the ledger was taken away under a run: every task that is still out there, by its id."""

from collections.abc import Iterable

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.errors import LedgerError, LedgerMovedError
from hailuo_batch.ports import LedgerReader, Store

_PUT_BACK = "Put the ledger back (from the trash, the sync client or a backup) before the next run here."
_TAKE_OVER = "If it is gone for good, `hailuo-batch ledger repair` takes its purchases over from the journal."
_OPEN_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.IN_DOUBT})


async def explain_moved_ledger(
    error: LedgerMovedError, ledger: LedgerReader, store: Store, *, begun_at: float
) -> LedgerMovedError:
    """The error with every task that was bought and has no clip in the store; the open ledger can still be read.

    What was first intended since `begun_at` and not answered was never sent: the run that asks kept it back.
    Money: from here on only the journal of this machine has these ids, and the tasks may be billed.
    """
    summary = "the ledger was taken away during this run, so nothing more was submitted"
    try:
        attempts = await ledger.attempts()
    except LedgerError as trouble:
        why = f"{error.why} It cannot be read any more either: {trouble.summary} ({trouble.why})."
        remedy = f"Check the gateways' accounts for tasks that run. {_PUT_BACK} {_TAKE_OVER}"
        return LedgerMovedError(summary, why=why, remedy=remedy)
    missing = [each for each in attempts if not is_local(each.provider) and _is_missing(each, store, begun_at)]
    return LedgerMovedError(summary, why=error.why, remedy="\n".join(_remedy_lines(missing)))


def _is_missing(attempt: AttemptRecord, store: Store, begun_at: float) -> bool:
    """Whether it was bought, or may have been, and its clip is not here."""
    if attempt.stage is Stage.INTENDED:
        return attempt.intended_at < begun_at
    if attempt.stage is Stage.STORED:
        return bool(attempt.task) and attempt.digest is not None and store.stat(attempt.digest) is None
    return attempt.stage in _OPEN_STAGES


def _remedy_lines(missing: Iterable[AttemptRecord]) -> Iterable[str]:
    rows = [
        (
            each.provider,
            f"task {each.task}" if each.task else "in doubt, no task id",
            f"{each.shot}#{each.take} of {each.campaign}",
        )
        for each in missing
    ]
    if rows:
        yield "These takes were bought, or may have been, and their clips are not here. The tasks run on, and may be"
        yield "billed. The journal of this machine has their ids; note them all the same:"
        wide, wider = (max(len(row[column]) for row in rows) for column in range(2))
        yield from (f"    {provider:<{wide}}  {task:<{wider}}  {take}" for provider, task, take in rows)
        yield "Without the ledger, nothing downloads these clips."
    yield _PUT_BACK
    yield _TAKE_OVER
