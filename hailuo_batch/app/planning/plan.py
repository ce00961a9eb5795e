"""Manifest + ledger + lock + store → plan. Spends nothing; writes nothing but what it remembers as a shortcut."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.planning.acceptances import read_accepted_clips
from hailuo_batch.app.planning.caps import find_steps_over_cap, run_caps
from hailuo_batch.app.planning.fast_path import cache_dependencies
from hailuo_batch.app.planning.name_collisions import find_sibling_manifests
from hailuo_batch.app.planning.orphaned_tasks import find_orphaned_tasks
from hailuo_batch.app.planning.planned import LedgerSnapshot, ManifestError, PlannedRun, PlanOptions, StepDetails
from hailuo_batch.app.planning.remote_frames import validate_online
from hailuo_batch.app.planning.selection import filter_steps
from hailuo_batch.app.planning.validate import Validation, pause_python_gc, validate_offline
from hailuo_batch.app.recovery.missing_ledger import LostLedger, find_lost_ledger
from hailuo_batch.app.recovery.rendered_files import parse_render_names, read_last_renders, read_named_clips
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import hidden_folder, ledger_file, lock_path, renders_folder, store_folder
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.plan.lockfile import Lockfile, update_lockfile
from hailuo_batch.core.plan.plan import Action, LastRender, NamedClip, Plan, PlanInputs, ShotVersions, Step
from hailuo_batch.core.plan.planner import find_unversioned_steps, make_plan, resolve_versions
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.plan.report import Report, make_report
from hailuo_batch.core.providers.offers import Route, choose_route
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import DamagedLedgerError
from hailuo_batch.load.cache import FinishedManifest, manifest_key, write_cached_inputs, write_finished_manifest
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.store.listing import list_digests, list_render_names

if TYPE_CHECKING:
    from hailuo_batch.ledger.reader import LedgerReader


async def plan(
    file: Path | str,
    *,
    sketch: bool = False,
    only: Sequence[str] = (),
    full_report: bool = False,
    rehearsal: bool = False,
    offline: bool = False,
    force_refused: bool = False,
    max_cost: str | None = None,
) -> PlannedRun:
    """What a run would do, why, and for how much. Raises `ManifestError` with every problem of a manifest.

    `only` picks shots by id (a glob) or tag (`tag:hero`, `tag:client:*`); several widen the choice. The report has a
    row for each take with work to do, and with `full_report` for every take. With `rehearsal` the run is one on the
    mock. Frames behind web addresses that are not pinned are looked at there, and `offline` taken as they were last
    seen. With `force_refused` what was refused for good is asked for again; `max_cost` is a cap beside those of the
    manifest and the project, and what caps leave out is told.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist}]\\n")
    >>> [(str(step.action), str(step.estimate)) for step in asyncio.run(plan(file)).pending_steps]
    [('submit', '0.28 USD')]
    """
    with pause_python_gc():
        validation = (
            validate_offline(Path(file), sketch=sketch) if offline else await validate_online(Path(file), sketch=sketch)
        )
        wishes = PlanOptions(only=tuple(only), force_refused=force_refused, max_cost=max_cost)
        return await _plan_valid_manifest(validation, wishes, full_report=full_report, rehearsal=rehearsal)


async def plan_again(planned: PlannedRun) -> PlannedRun:
    """The same manifest, as it was read then, planned from a fuller ledger; its report has every take."""
    with pause_python_gc():
        return await _plan_or_explain_damage(planned.validation, planned.options, full_report=True)


async def _plan_valid_manifest(
    validation: Validation, options: PlanOptions, *, full_report: bool, rehearsal: bool
) -> PlannedRun:
    if validation.errors:
        raise ManifestError(validation.problems)
    if rehearsal:
        validation = replace(validation, project=replace(validation.project, rehearsal=True))
    return await _plan_or_explain_damage(validation, options, full_report=full_report)


async def _plan_or_explain_damage(validation: Validation, options: PlanOptions, *, full_report: bool) -> PlannedRun:
    try:
        return await _read_ledger_and_plan(validation, options, full_report=full_report)
    except DamagedLedgerError as error:
        from hailuo_batch.app.recovery.damaged_ledger import explain_damaged_ledger

        base = validation.project.data_root
        present, lock = list_digests(store_folder(base)), _read_manifest_lockfile(validation)
        raise explain_damaged_ledger(
            error, ledger=ledger_file(base), manifest=validation.name, lock=lock, present=present
        ) from error


async def _read_ledger_and_plan(validation: Validation, options: PlanOptions, *, full_report: bool) -> PlannedRun:
    from hailuo_batch.ledger.sqlite import read_ledger

    base, campaign, sketch = validation.project.data_root, validation.campaign, validation.sketch
    lock = _read_manifest_lockfile(validation)
    present = list_digests(store_folder(base))
    names = list_render_names(renders_folder(base))
    async with read_ledger(ledger_file(base)) as ledger:
        known = LedgerSnapshot(
            standings=await ledger.standings(),
            last_renders=await ledger.latest_versions(campaign, sketch=sketch),
            clip_sizes=await ledger.clip_sizes(),
        )
        grounds = replace(
            _make_plan_inputs(validation, lock, known, present, names),
            accepted_clips=await read_accepted_clips(validation, lock, known.standings, ledger),
            now=SystemClock().now(),
            force_refused=options.force_refused,
        )
        made = await _complete_plan(make_plan(validation.shots, grounds, campaign=campaign), validation, ledger, names)
        selected = filter_steps(made.steps, options.only, validation.shots)
        busy = full_report or any(step.action is not Action.REUSE for step in selected)
        over_cap = await _read_steps_over_cap(validation, selected, options.max_cost, ledger) if busy else ()
        strays = await find_orphaned_tasks(campaign, made.steps, known.standings, ledger)
        before = {step.previous_fingerprint for step in selected if step.previous_fingerprint}
        details = StepDetails(
            names=await ledger.names(campaign, sketch=sketch) if busy else {},
            clips=await ledger.clips() if full_report else {},
            requests=await ledger.preimages(before) if before else {},
            sibling_manifests=find_sibling_manifests(await ledger.runs(), validation) if busy else (),
        )
    report = make_report(
        made if not options.only else replace(made, steps=selected),
        manifest=validation.name,
        sketch=sketch,
        clip_sizes=known.clip_sizes,
        clips=details.clips if full_report else None,
        requests=details.requests,
        shots_outside=len(validation.shots) - len({use.shot.id for step in selected for use in step.uses})
        if options.only
        else 0,
        over_cap=over_cap,
    )
    planned = PlannedRun(
        validation=validation,
        options=options,
        plan=made,
        selected=selected,
        lock=lock,
        snapshot=known,
        details=details,
        names=names,
        orphan_steps=strays,
        report=report,
        lost_ledger=_find_lost_ledger(validation, known, lock, present, names),
    )
    _write_cache(planned)
    return planned


async def _read_steps_over_cap(
    validation: Validation, steps: Sequence[Step], max_cost: str | None, ledger: "LedgerReader"
) -> tuple[tuple[Step, Failure], ...]:
    now = SystemClock().now()
    caps = run_caps(validation, max_cost, now)
    if not caps:
        return ()
    return find_steps_over_cap(steps, caps, await ledger.counted_attempts(), campaign=validation.campaign, now=now)


async def _complete_plan(made: Plan, validation: Validation, ledger: "LedgerReader", names: frozenset[str]) -> Plan:
    """The plan with what only its unsettled steps need: earlier versions, and clips that readable names still have."""
    campaign, sketch = validation.campaign, validation.sketch
    if not (open_steps := find_unversioned_steps(made)):
        return made
    shots = {use.shot.id for step in open_steps for use in step.uses}
    versions = await ledger.versions(campaign, shots, sketch=sketch)
    folder = renders_folder(validation.project.data_root)
    named: dict[str, NamedClip] = {}
    if any(step.action is not Action.REUSE for step in open_steps):
        mine = tuple(parse_render_names(names, campaign=campaign, sketch=sketch))
        named = read_named_clips(mine, shots, folder)
        left = {} if versions else read_last_renders(mine, folder)
        versions |= {
            shot: ShotVersions(by_fingerprint={p.fingerprint: p.version}, highest=p.version) for shot, p in left.items()
        }
    grounds = replace(made.inputs, versions=versions, named_clips=named)
    if not named:
        return resolve_versions(made, grounds)
    # What is chained from a clip that only its name has is known by now, too: everything is planned again.
    return make_plan(validation.shots, grounds, campaign=campaign)


def _find_lost_ledger(
    validation: Validation, snapshot: LedgerSnapshot, lock: Lockfile, present: frozenset[str], names: frozenset[str]
) -> LostLedger | None:
    """Whether the ledger is not the one that bought what is here; for what is drawn, none is needed."""
    if validation.model == ANIMATIC:
        return None
    locked = frozenset(clip.digest for clip in lock.clips.values())
    folder = renders_folder(validation.project.data_root)
    return find_lost_ledger(snapshot.standings, present=present, locked=locked, names=names, folder=folder)


def _read_manifest_lockfile(validation: Validation) -> Lockfile:
    """The manifest's lock; sketches and rehearsals have none: the lock says which clips are the campaign."""
    if validation.sketch or validation.project.rehearsal:
        return Lockfile(campaign=validation.campaign, shots={})
    return read_lock(lock_path(validation.file), campaign=validation.campaign)


def _make_plan_inputs(
    validation: Validation, lock: Lockfile, snapshot: LedgerSnapshot, present: frozenset[str], names: frozenset[str]
) -> PlanInputs:
    return PlanInputs(
        model=validation.model,
        images=validation.inputs.images,
        routes=_make_routes(validation),
        standings=snapshot.standings,
        last_renders={
            **_recover_last_renders(validation, snapshot, names),
            **snapshot.last_renders,
            **lock.last_renders,
        },
        locked_clips=lock.clips,
        stored_digests=present,
    )


def _recover_last_renders(
    validation: Validation, snapshot: LedgerSnapshot, names: frozenset[str]
) -> dict[str, LastRender]:
    """What the names say of shots, when the ledger that gave them is gone."""
    if snapshot.last_renders:
        return {}
    mine = parse_render_names(names, campaign=validation.campaign, sketch=validation.sketch)
    return read_last_renders(mine, renders_folder(validation.project.data_root))


def _make_routes(validation: Validation) -> dict[ShotNeeds, Route]:
    routes: dict[ShotNeeds, Route] = {}
    for shot in validation.shots:
        wish = shot.needs
        if wish not in routes:
            routes[wish] = choose_route(shot, validation.providers)
    return routes


def make_lockfile(planned: PlannedRun) -> Lockfile:
    """What the lock should say now."""
    return update_lockfile(planned.lock, planned.plan, [shot.id for shot in planned.validation.shots])


def _write_cache(planned: PlannedRun) -> None:
    """Remembers digests of pictures, and a manifest that has nothing to do, its lock included."""
    validation = planned.validation
    hidden = hidden_folder(validation.project.data_root)
    if not hidden.is_dir():
        return
    write_cached_inputs(hidden, validation.inputs.cache_entries)
    if (
        planned.options.only
        or planned.pending_steps
        or planned.unnamed_steps
        or planned.orphan_steps
        or not validation.inputs.is_stable
    ):
        return
    has_lock = not validation.sketch and not validation.project.rehearsal
    if has_lock and make_lockfile(planned) != planned.lock:
        return
    finished = FinishedManifest(
        digests=frozenset(
            step.standing.digest for step in planned.plan.steps if step.standing and step.standing.digest
        ),
        files=frozenset(
            render_name(planned.plan.campaign, use, sketch=validation.sketch)
            for step in planned.plan.steps
            for use in step.uses
        ),
        summary={**make_summary(planned.report), "warnings": len(validation.problems)},
    )
    facts = cache_dependencies(validation.file, validation.project.root, validation.data, sketch=validation.sketch)
    key = manifest_key(validation.file.resolve(), sketch=validation.sketch)
    write_finished_manifest(hidden, key, facts, validation.inputs.cache_entries, finished)


def make_summary(report: Report) -> dict[str, Any]:
    """What a view says of a manifest with nothing to do."""
    return {
        "campaign": report.campaign,
        "takes": report.takes,
        "clips": report.clips,
        "seconds": round(report.seconds, 3),
        "bytes": report.bytes,
        "accepted": report.accepted,
    }
