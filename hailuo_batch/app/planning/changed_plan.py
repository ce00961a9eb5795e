"""The plan of a manifest of which a few shots changed since it had nothing to do; the others are not even parsed.

The changed shots are planned by the same code as a whole manifest, from the same ledger, lock and folders. Of ledger
and lock, only what is about these shots is read.

Money: such a plan is only shown. No run submits from it: a run with work to do plans the whole under its lock.
"""

from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.manifest_change import ManifestChange, find_manifest_change
from hailuo_batch.app.planning.plan import make_plan_options, plan, plan_validated
from hailuo_batch.app.planning.plan_inputs import find_fingerprints
from hailuo_batch.app.planning.planned import PlannedRun, PlanOptions
from hailuo_batch.app.planning.snapshot import LedgerPart
from hailuo_batch.app.planning.validate import pause_python_gc
from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.core.plan.dropped_shots import find_dropped_shots
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World
from hailuo_batch.errors import LedgerError
from hailuo_batch.load.cache import FinishedManifest
from hailuo_batch.load.lock_part import read_lock_part
from hailuo_batch.load.lockfile import read_lock


async def plan_quickly(file: Path, *, world: World, max_cost: str | None = None) -> PlannedRun:
    """The plan of a manifest to be shown as text, by the short way where that is beyond doubt."""
    found = await plan_changed_shots(file, world=world, max_cost=max_cost)
    return found if found is not None else await plan(file, world=world, max_cost=max_cost)


async def plan_changed_shots(file: Path, *, world: World, max_cost: str | None = None) -> PlannedRun | None:
    """What `plan` says of the manifest, in text; None where that is in doubt, or where there is nothing to do.

    Its steps and rows are those of the changed shots alone, its counts and its sums of purchases are of all. What the
    clips in the store cost, and how long they are, is not in it.
    """
    change = find_manifest_change(file, world)
    return None if change is None else await plan_manifest_change(change, max_cost=max_cost)


async def plan_manifest_change(change: ManifestChange, *, max_cost: str | None = None) -> PlannedRun | None:
    """The same of a change that was found."""
    if change.now.project.approval_rule is not None:
        return None  # whether a run needs an approval is a matter of the whole plan
    with pause_python_gc():
        planned = await _plan_part(change, make_plan_options(max_cost=max_cost))
    if planned is None or not planned.pending_steps or not _is_still_there(change.finished, planned):
        return None
    return replace(planned, report=_make_report(planned, change))


async def _plan_part(change: ManifestChange, options: PlanOptions) -> PlannedRun | None:
    """The plan of the changed shots by themselves, from what ledger and lock say of these alone."""
    now, facts = change.now, change.facts
    if not (now.model.is_local or facts.has_bought):
        return None  # whether another ledger is missing is a matter of all clips
    shots = {shot.id for validation in (change.before, now) for shot in validation.shots}
    lock = Lockfile(campaign=now.campaign, shots={})
    if now.world is World.REAL:
        found = read_lock_part(lock_path(now.file), shots=shots, digest=facts.lock)
        lock = found or read_lock(lock_path(now.file), campaign=now.campaign)
    part = LedgerPart(shots=frozenset(shots), fingerprints=find_fingerprints(now))
    try:
        return await plan_validated(now, options, full_report=False, held_lock=lock, part=part)
    except LedgerError:
        return None  # the long way knows all that is in danger


def _is_still_there(finished: FinishedManifest, planned: PlannedRun) -> bool:
    """Whether the store has every clip and `renders` every name of what was finished, as on the other short way."""
    if planned.listings.store_fault or planned.validation.workspace.has_owed_clips:
        return False
    return finished.digests <= planned.listings.digests and finished.files <= planned.listings.names


def _make_report(planned: PlannedRun, change: ManifestChange) -> Report:
    """The report of the changed shots, with the others as takes that have nothing to do."""
    report, others = planned.report, change.other_takes
    return replace(
        report,
        takes=report.takes + others,
        counts={**report.counts, Action.REUSE: report.counts.get(Action.REUSE, 0) + others},
        omitted=change.facts.omitted,
        dropped=find_dropped_shots(planned.lock, planned.plan.steps, change.shot_ids),
    )
