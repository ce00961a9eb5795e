"""Tasks that were paid for and that the manifest asks for no more: their clips come home all the same."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Step, StepReason, Use
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.core.request.request import ANIMATIC

if TYPE_CHECKING:
    from hailuo_batch.ledger.reader import LedgerReader

_REASONS = {Stage.SUBMITTED: StepReason.RUNNING, Stage.PRODUCED: StepReason.PRODUCED}


async def find_orphaned_tasks(
    campaign: str, steps: Iterable[Step], standings: Mapping[str, Standing], ledger: "LedgerReader"
) -> tuple[Step, ...]:
    """A step for each open task of a campaign that none of `steps` is about. Its clip gets no readable name."""
    away = {
        mark for mark, standing in standings.items() if standing.stage in _REASONS and standing.provider != ANIMATIC
    }
    away -= {step.fingerprint for step in steps}
    if not away:
        return ()
    attempts = await ledger.attempts(away)
    return tuple(
        make_orphan_step(each, standings[each.fingerprint])
        for each in attempts
        if each.campaign == campaign and each.id == standings[each.fingerprint].attempt
    )


def make_orphan_step(attempt: AttemptRecord, standing: Standing) -> Step:
    """The step that brings an open task's clip to the store: what was asked stands in the attempt itself."""
    request = parse_preimage(attempt.preimage)
    shot = Shot(
        id=attempt.shot,
        index=0,
        prompt=request.prompt,
        frames=NO_FRAMES,
        duration=request.duration,
        resolution=request.resolution,
        takes=request.take,
        tags=attempt.tags,
        prompt_optimizer=bool(request.prompt_optimizer),
        fast_pretreatment=bool(request.fast_pretreatment),
        watermark=bool(request.watermark),
        notes="",
    )
    return Step(
        why=_REASONS[standing.stage],
        uses=(Use(shot=shot, take=request.take, version=0),),
        route=Route(provider=attempt.provider, estimate=attempt.estimate),
        request=request,
        fingerprint=attempt.fingerprint,
        standing=standing,
        orphaned_task=True,
    )
