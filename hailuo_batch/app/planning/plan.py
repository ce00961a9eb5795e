"""Manifest + ledger + lock + store → plan. Spends nothing.

Four steps, in this order: gather what ledger and folders say, plan, report, write the cache. Only the first and the
last touch the disk; plan and report are values made from values.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.caps import run_caps
from hailuo_batch.app.planning.elsewhere import count_unknown_takes, read_elsewhere
from hailuo_batch.app.planning.gather import list_folders, read_details, read_histories, read_snapshot
from hailuo_batch.app.planning.orphaned_tasks import make_orphan_steps
from hailuo_batch.app.planning.plan_cache import write_plan_cache
from hailuo_batch.app.planning.plan_inputs import make_plan_inputs
from hailuo_batch.app.planning.plan_report import make_plan_report
from hailuo_batch.app.planning.planned import ManifestError, PlannedRun, PlanOptions, require_matches
from hailuo_batch.app.planning.remote_frames import validate_online
from hailuo_batch.app.planning.selection import match_plan
from hailuo_batch.app.planning.snapshot import LedgerPart, LedgerSnapshot, Listings, ShotHistories
from hailuo_batch.app.planning.task_list import find_known_tasks, read_task_entries
from hailuo_batch.app.planning.validate import Validation, pause_python_gc, validate_offline
from hailuo_batch.app.recovery.copied_clips import read_copied_digests
from hailuo_batch.app.recovery.missing_ledger import LostLedger, find_lost_ledger
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.core.plan.dropped_shots import find_dropped_shots
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Plan, Step, TakeName
from hailuo_batch.core.plan.planner import find_unversioned_steps, make_plan, resolve_versions
from hailuo_batch.core.plan.selection import Match, narrow_steps, parse_patterns
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import DamagedLedgerError
from hailuo_batch.load.ledger_content import hash_recent_ledger
from hailuo_batch.load.lockfile import read_lock

if TYPE_CHECKING:
    from hailuo_batch.core.plan.task_entries import TaskEntry
    from hailuo_batch.ports import LedgerReader


async def plan(
    file: Path | str,
    *,
    world: World = World.REAL,
    only: Sequence[str] = (),
    shard: str | None = None,
    full_report: bool = False,
    offline: bool = False,
    force_refused: bool = False,
    max_cost: str | None = None,
    strict: bool = True,
    takes: frozenset[TakeName] | None = None,
) -> PlannedRun:
    """What a run would do, why, and for how much. Raises `ManifestError` with every problem of a manifest.

    `only` picks takes by id (`pack-*`, `open#2`), tag (`tag:hero`), sequence (`seq:sq010`) or state (`state:failed`);
    several widen the choice. `shard` is a part of the plan, such as `2/5`. The report has a row for each take with work
    to do, and with `full_report` for every take. Frames behind web addresses that are not pinned are fetched or checked
    there; with `offline` they count as they were last seen. With `force_refused` what was refused for good is submitted
    again. `max_cost` is a cap beside those of the manifest and the project; the report says what caps leave out.
    Unless `strict`, a pattern may mean nothing. `takes` are all that a saved plan has.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist}]\\n")
    >>> [(str(step.action), str(step.estimate)) for step in asyncio.run(plan(file)).pending_steps]
    [('submit', '0.28 USD')]
    """
    options = make_plan_options(only=only, shard=shard, force_refused=force_refused, max_cost=max_cost)
    options = options if takes is None else replace(options, takes=takes)
    with pause_python_gc():
        read = validate_offline(Path(file), world=world) if offline else await validate_online(Path(file), world=world)
        if read.errors:
            raise ManifestError(read.problems)
        planned = await plan_validated(read, options, full_report=full_report, takes=takes)
    if strict:
        require_matches([planned])
    return planned


def make_plan_options(
    *, only: Sequence[str] = (), shard: str | None = None, force_refused: bool = False, max_cost: str | None = None
) -> PlanOptions:
    """The options as they are written on a command line; `InputError` for a pattern or a part that is none."""
    part = None
    if shard is not None:
        from hailuo_batch.core.plan.shards import parse_shard

        part = parse_shard(shard)
    return PlanOptions(only=parse_patterns(only), shard=part, force_refused=force_refused, max_cost=max_cost)


async def plan_again(planned: PlannedRun, *, lock: Lockfile | None = None) -> PlannedRun:
    """The same manifest, as it was read then, planned from a fuller ledger; its report has every take.

    The lock is read again, unless it is given. The takes that were selected stay selected, whatever state they are in.
    """
    with pause_python_gc():
        return await plan_validated(
            planned.validation, planned.options, full_report=True, held_lock=lock, takes=planned.takes
        )


async def plan_validated(
    validation: Validation,
    options: PlanOptions,
    *,
    full_report: bool,
    held_lock: Lockfile | None = None,
    takes: frozenset[TakeName] | None = None,
    part: LedgerPart | None = None,
) -> PlannedRun:
    """The plan of a manifest without errors; of these takes, else of those that the options mean.

    With `part` the rest of the manifest is known to have nothing to do. Such a plan is not cached.
    """
    lock, tasks = held_lock or _read_lock(validation), read_task_entries(validation)
    listings = list_folders(validation)
    content = None if part else hash_recent_ledger(validation.workspace.ledger_file)  # before it is read
    try:
        planned = await _gather_and_plan(
            validation, options, lock, tasks, listings, takes, full_report=full_report, part=part
        )
    except DamagedLedgerError as error:
        from hailuo_batch.app.recovery.damaged_ledger import explain_damaged_ledger

        raise explain_damaged_ledger(
            error,
            ledger=validation.workspace.ledger_file,
            repair=command_line("ledger repair", world=validation.world),
            restart=command_line("run", "--new-ledger", manifest=validation.name, world=validation.world),
            lock=lock,
            present=listings.digests,
        ) from error
    if part is None and (
        held_lock is None or validation.world is not World.REAL
    ):  # else the file may be another by now
        write_plan_cache(planned, content)
    return planned


async def _gather_and_plan(
    validation: Validation,
    options: PlanOptions,
    lock: Lockfile,
    tasks: "tuple[TaskEntry, ...]",
    listings: Listings,
    takes: frozenset[TakeName] | None,
    *,
    full_report: bool,
    part: LedgerPart | None = None,
) -> PlannedRun:
    now = SystemClock().now()
    caps = run_caps(validation, options.max_cost, now, begun_at=options.begun_at)
    async with validation.workspace.read_ledger() as ledger:
        snapshot = await read_snapshot(ledger, validation, lock, has_tasks=bool(tasks), part=part)
        inputs = make_plan_inputs(validation, options, lock, listings, snapshot, now=now)
        inputs = replace(inputs, known_tasks=find_known_tasks(tasks, snapshot, validation)) if tasks else inputs
        draft = make_plan(validation.shots, inputs, campaign=validation.campaign)
        elsewhere = await read_elsewhere(ledger, validation.workspace, listings, inputs, draft.steps)
        if known := elsewhere.add_to(inputs):
            draft = make_plan(validation.shots, known, campaign=validation.campaign)
        histories = await read_histories(ledger, validation, listings.names, find_unversioned_steps(draft))
        made = _complete_plan(draft, validation, histories)
        match = _match_takes(made, validation, options, takes)
        selected = made.steps if match is None else tuple(narrow_steps(made.steps, match.takes))
        details = await read_details(
            ledger, validation, selected, full_report=full_report, has_caps=bool(caps), part=part
        )
        lost = await _find_lost_ledger(ledger, validation, snapshot, lock, tasks, listings) if part is None else None
    report, over_cap = make_plan_report(
        validation, options, made, selected, snapshot, details, caps, only=match is not None
    )
    report = replace(
        report,
        sequence_titles=validation.sequence_titles,
        choice=options.words,
        omitted=tuple(shot.id for shot in validation.omitted),
        dropped=find_dropped_shots(lock, made.steps, validation.shot_ids),
    )
    if full_report or validation.review is not None:
        from hailuo_batch.core.plan.judged_report import add_review

        report = add_review(report, made, validation.review, validation.shot_ids)
    return PlannedRun(
        validation=validation,
        options=options,
        plan=made,
        selected=selected,
        takes=None if match is None else match.takes,
        unmatched=() if match is None else match.unmatched,
        lock=lock,
        snapshot=snapshot,
        details=details,
        listings=listings,
        tasks=tasks,
        orphan_steps=_find_orphan_steps(snapshot, made, options),
        report=report,
        over_cap=over_cap,
        rehearsed_names=histories.rehearsed_names,
        lost_ledger=lost,
    )


def _match_takes(
    made: Plan, validation: Validation, options: PlanOptions, takes: frozenset[TakeName] | None
) -> Match | None:
    """The selected takes: those of before, else what the options mean now; None where every take is meant."""
    if takes is not None:
        return Match(takes=takes)
    match = match_plan(made, options.only, validation.review) if options.only else None
    if options.shard is None:
        return match
    from hailuo_batch.core.plan.shards import PlannedCampaign, choose_takes

    (part,) = choose_takes([PlannedCampaign(shots=validation.shots, plan=made)], options.shard)
    return Match(takes=part) if match is None else replace(match, takes=match.takes & part)


def _find_orphan_steps(snapshot: LedgerSnapshot, made: Plan, options: PlanOptions) -> tuple[Step, ...]:
    """The tasks that no shot asks for; of several parts, each has those of its shots; a saved plan has none."""
    if options.takes is not None:
        return ()
    steps, shard = make_orphan_steps(snapshot, made.steps), options.shard
    if shard is None:
        return steps
    return tuple(step for step in steps if shard.has((made.campaign, step.take_names[0].shot)))


def _complete_plan(draft: Plan, validation: Validation, histories: ShotHistories) -> Plan:
    """The plan with the versions of the shots that were made before."""
    inputs = replace(draft.inputs, versions=histories.versions, named_clips=histories.named_clips)
    if not histories.named_clips:
        return resolve_versions(draft, inputs)
    # What is chained from a clip that only its name has is known by now, too: everything is planned again.
    return make_plan(validation.shots, inputs, campaign=draft.campaign)


async def _find_lost_ledger(
    ledger: "LedgerReader",
    validation: Validation,
    snapshot: LedgerSnapshot,
    lock: Lockfile,
    tasks: "tuple[TaskEntry, ...]",
    listings: Listings,
) -> LostLedger | None:
    """Whether the ledger is not the one that bought what is here; for what is drawn, none is needed."""
    if validation.model.is_local:
        return None
    return find_lost_ledger(
        snapshot.standings,
        present=listings.own_digests,
        locked=frozenset(clip.digest for clip in lock.clips.values()),
        names=listings.names,
        folder=validation.workspace.renders_folder,
        unknown_takes=await count_unknown_takes(ledger, lock, tasks, snapshot.standings),
        copied=await read_copied_digests(ledger, snapshot.standings),
        finding=snapshot.journal_finding,
        world=validation.world,
        list_rehearsed=validation.workspace.list_rehearsed_digests,
    )


def _read_lock(validation: Validation) -> Lockfile:
    """The manifest's lock. Only real takes have one: the lock says which clips are the campaign."""
    if validation.world is not World.REAL:
        return Lockfile(campaign=validation.campaign, shots={})
    return read_lock(lock_path(validation.file), campaign=validation.campaign)
