"""Reads what planning and its report need: the ledger in one visit, the folders by listing them.

It decides and writes nothing. What only some steps need is read once a plan has named them: at 100,000 shots, reading
the histories and requests of all of them would take longer than everything else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.acceptances import read_accepted_clips
from hailuo_batch.app.planning.campaign_cost import sum_campaign_cost
from hailuo_batch.app.planning.name_collisions import find_sibling_manifests
from hailuo_batch.app.planning.orphaned_tasks import read_pending_attempts
from hailuo_batch.app.planning.snapshot import LedgerPart, LedgerSnapshot, Listings, ShotHistories, StepDetails
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.recovery.rendered_files import (
    is_of_world,
    parse_render_names,
    read_last_renders,
    read_named_clips,
)
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Action, ShotVersions, Step
from hailuo_batch.core.plan.plan_cost import PlanCost
from hailuo_batch.core.world import World

if TYPE_CHECKING:
    from hailuo_batch.ports import LedgerReader

_FEW_SHOTS = 20


def list_folders(validation: Validation) -> Listings:
    """What store and renders have."""
    workspace = validation.workspace
    clips = workspace.list_clip_places()
    return Listings(
        digests=clips.digests,
        names=workspace.list_render_names(),
        own_digests=clips.own,
        store_fault=clips.fault,
    )


async def read_snapshot(
    ledger: "LedgerReader",
    validation: Validation,
    lock: Lockfile,
    *,
    has_tasks: bool = False,
    part: LedgerPart | None = None,
) -> LedgerSnapshot:
    """What every plan of a manifest needs, or the plan of a part of it."""
    if part is not None:
        return await _read_snapshot_part(ledger, validation, lock, part)
    mark, shared, standings = await ledger.mark(), await ledger.content_key(), await ledger.standings()
    return LedgerSnapshot(
        mark=mark,
        standings=standings,
        shared_content=shared,
        last_renders=await ledger.latest_versions(validation.campaign, sketch=validation.sketch),
        clip_sizes=await ledger.clip_sizes(),
        accepted_clips=await read_accepted_clips(validation, lock, standings, ledger),
        recorded_tasks=frozenset(await ledger.tasks()) if has_tasks else frozenset(),
        pending_attempts=await read_pending_attempts(validation.campaign, standings, ledger),
        journal_finding=None if validation.sketch else await ledger.journal_finding(),
    )


async def _read_snapshot_part(
    ledger: "LedgerReader", validation: Validation, lock: Lockfile, part: LedgerPart
) -> LedgerSnapshot:
    """The same for a few shots of a manifest with nothing to do: no task of it is pending, and none is in its file."""
    campaign, sketch, shots = validation.campaign, validation.sketch, part.shots
    given = await ledger.names(campaign, sketch=sketch, shots=shots)
    standings = await ledger.standings(part.fingerprints.union(given.values(), lock.clips))
    kept = {each.digest for each in standings.values() if each.digest}
    return LedgerSnapshot(
        is_part=True,
        standings=standings,
        last_renders=await ledger.latest_versions(campaign, sketch=sketch, shots=shots),
        clip_sizes=await ledger.clip_sizes(kept.union(clip.digest for clip in lock.clips.values())),
        journal_finding=None if validation.sketch else await ledger.journal_finding(),
    )


async def read_histories(
    ledger: "LedgerReader", validation: Validation, names: frozenset[str], steps: Sequence[Step]
) -> ShotHistories:
    """Earlier versions of the shots of these steps, and clips that their readable names still have."""
    if not steps:
        return ShotHistories()
    campaign, sketch = validation.campaign, validation.sketch
    shots = {use.shot.id for step in steps for use in step.uses}
    versions = await ledger.versions(campaign, shots, sketch=sketch)
    if all(step.action is Action.REUSE for step in steps):
        return ShotHistories(versions=versions)
    folder = validation.workspace.renders_folder
    mine = tuple(parse_render_names(_pick_names(names, shots), campaign=campaign, sketch=sketch))
    rehearsed = validation.workspace.list_rehearsed_digests() if mine else frozenset()
    unrecorded = [name for name in mine if name.shot in shots and name.shot not in versions]
    by_names = read_last_renders(unrecorded, folder, validation.world, rehearsed)
    found = {
        shot: ShotVersions(by_fingerprint={last.fingerprint: last.version}, highest=last.version)
        for shot, last in by_names.items()
        if last.fingerprint  # a file of the user's own has no provenance of ours, and is refused as such
    }
    named = read_named_clips(mine, shots, folder)
    own = {mark: clip for mark, clip in named.items() if is_of_world(clip, validation.world, rehearsed)}
    return ShotHistories(
        versions={**versions, **found},
        named_clips=own,
        rehearsed_names=frozenset(clip.file for mark, clip in named.items() if mark not in own),
    )


def _pick_names(names: frozenset[str], shots: Collection[str]) -> Collection[str]:
    """The names that may be of these shots; of many shots all, since each name would be searched for each."""
    return names if len(shots) > _FEW_SHOTS else {name for shot in shots for name in names if shot in name}


async def read_details(
    ledger: "LedgerReader",
    validation: Validation,
    steps: Iterable[Step],
    *,
    full_report: bool,
    has_caps: bool,
    part: LedgerPart | None = None,
) -> StepDetails:
    """What the report and the check of names need; little when all is done and no full report is wanted."""
    steps = tuple(steps)
    previous = {step.previous_fingerprint for step in steps if step.previous_fingerprint}
    has_work = full_report or any(step.action is not Action.REUSE for step in steps)
    shots = None if part is None else part.shots
    return StepDetails(
        names=await ledger.names(validation.campaign, sketch=validation.sketch, shots=shots) if has_work else {},
        clips=await ledger.clips() if full_report else None,
        requests=await ledger.preimages(previous) if previous else {},
        sibling_manifests=find_sibling_manifests(await ledger.runs(), validation) if has_work else (),
        measures=read_measures(validation, steps) if full_report else {},
        campaign_cost=await _sum_campaign_cost(ledger, validation) if has_work else None,
        counted_attempts=tuple(await ledger.counted_attempts()) if has_work and has_caps else (),
    )


def read_measures(validation: Validation, steps: Iterable[Step]) -> Mapping[str, ClipMeasures]:
    """What was measured of the clips of these steps. Only bought clips are measured: the others are drawn here."""
    if validation.world is not World.REAL:
        return {}
    digests = {step.digest for step in steps if step.action is Action.REUSE}
    return validation.workspace.open_measures().read(digests)


async def _sum_campaign_cost(ledger: "LedgerReader", validation: Validation) -> PlanCost:
    """The ledger's sum for the campaign; sketches are free."""
    return PlanCost() if validation.sketch else sum_campaign_cost(await ledger.campaign_charges(validation.campaign))
