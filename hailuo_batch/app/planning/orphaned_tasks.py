"""Paid tasks that the manifest no longer contains: their clips are still downloaded."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.snapshot import LedgerSnapshot
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.plan import Step, StepReason, TakeName
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import parse_preimage

if TYPE_CHECKING:
    from hailuo_batch.ports import LedgerReader

_REASONS = {Stage.SUBMITTED: StepReason.RUNNING, Stage.PRODUCED: StepReason.PRODUCED}


async def read_pending_attempts(
    campaign: str, standings: Mapping[str, Standing], ledger: "LedgerReader"
) -> tuple[AttemptRecord, ...]:
    """The attempts of a campaign whose task runs, or whose clip is not downloaded yet."""
    if not any(_is_pending(standing) for standing in standings.values()):
        return ()
    attempts = await ledger.open_attempts()
    return tuple(each for each in attempts if each.campaign == campaign and _is_pending_attempt(each, standings))


def make_orphan_steps(snapshot: LedgerSnapshot, steps: Iterable[Step]) -> tuple[Step, ...]:
    """A step for each pending task that none of `steps` is about. Its clip gets no readable name."""
    if not snapshot.pending_attempts:
        return ()
    wanted = {step.fingerprint for step in steps}
    return tuple(
        make_orphan_step(each, snapshot.standings[each.fingerprint])
        for each in snapshot.pending_attempts
        if each.fingerprint not in wanted
    )


def _is_pending(standing: Standing) -> bool:
    """What another checkout is following now is for its run."""
    return standing.stage in _REASONS and standing.holder is None and not is_local(standing.provider)


def _is_pending_attempt(attempt: AttemptRecord, standings: Mapping[str, Standing]) -> bool:
    standing = standings[attempt.fingerprint]
    return attempt.id == standing.attempt and _is_pending(standing)


def make_orphan_step(attempt: AttemptRecord, standing: Standing) -> Step:
    """The step that brings an open task's clip to the store: the attempt itself records the request."""
    return Step(
        why=_REASONS[standing.stage],
        uses=(),
        route=Route(provider=attempt.provider, estimate=counted_estimate(attempt.estimate, attempt.quote)),
        request=parse_preimage(attempt.preimage),
        fingerprint=attempt.fingerprint,
        standing=standing,
        orphan=TakeName(attempt.shot, attempt.take),
    )
