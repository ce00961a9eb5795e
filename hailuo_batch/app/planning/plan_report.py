"""The report of a plan, with what caps leave out and what another manifest of the same command buys."""

from collections.abc import Sequence
from dataclasses import replace

from hailuo_batch.app.planning.caps import count_earlier, find_caps_left, find_steps_over_cap
from hailuo_batch.app.planning.destinations import find_destinations
from hailuo_batch.app.planning.planned import PlanOptions
from hailuo_batch.app.planning.snapshot import LedgerSnapshot, StepDetails
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.rejected import RejectedClip, find_last_copies
from hailuo_batch.core.plan.plan import Action, Plan, Step
from hailuo_batch.core.plan.report import Report, make_report
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.core.world import World

OverCap = tuple[tuple[Step, Failure], ...]


def make_plan_report(
    validation: Validation,
    options: PlanOptions,
    made: Plan,
    selected: tuple[Step, ...],
    snapshot: LedgerSnapshot,
    details: StepDetails,
    caps: tuple[Cap, ...],
    *,
    only: bool,
) -> tuple[Report, OverCap]:
    """The report, and the steps that caps leave out with the reason of each."""
    shown = {use.shot.id for step in selected for use in step.uses}
    earlier = options.earlier
    promised = {} if earlier is None else earlier.find_promised(made, validation.shots)
    counted = details.counted_attempts
    paid = counted if earlier is None else (*counted, *count_earlier(earlier, made.inputs.now))
    over_cap = find_steps_over_cap(selected, caps, paid, plan=made, now=made.inputs.now, promised=promised.keys())
    report = make_report(
        replace(made, steps=selected) if only else made,
        manifest=validation.name,
        sketch=validation.sketch,
        rehearsal=validation.world is World.REHEARSAL,
        clip_sizes=snapshot.clip_sizes,
        clips=details.clips,
        measures=details.measures,
        requests=details.requests,
        shots_outside=len(validation.shots) - len(shown) if only else 0,
        over_cap=over_cap,
        caps_left=find_caps_left(caps, counted),
        rejected=_list_rejected(validation, selected, snapshot),
        campaign_cost=details.campaign_cost,
        promised=promised,
    )
    if validation.manifest is not None:
        report = replace(report, meta=validation.manifest.meta, sequences=validation.manifest.sequences)
    if validation.world is World.REAL:  # else no key is sent
        report = replace(report, destinations=find_destinations(selected, validation.project))
    return report, over_cap


def _list_rejected(validation: Validation, steps: Sequence[Step], snapshot: LedgerSnapshot) -> tuple[RejectedClip, ...]:
    """The clips that are not whole and whose take has no other."""
    if not any(step.action in {Action.RESUME, Action.FETCH} for step in steps):
        return ()
    return find_last_copies(validation.workspace.list_rejected(), snapshot.standings)
