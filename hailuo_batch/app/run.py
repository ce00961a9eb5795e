"""Plan → clips: the one use case that may spend."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.name_collisions import refuse_name_collisions
from hailuo_batch.app.planning.plan import plan, plan_again
from hailuo_batch.app.planning.plan_cache import list_tasks, make_lockfile, write_run_cache
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.task_list import has_tasks_file, write_task_entries
from hailuo_batch.app.recovery.missing_ledger import refuse_lost_ledger
from hailuo_batch.app.recovery.moved_ledger import explain_moved_ledger
from hailuo_batch.app.running.accounts import read_accounts
from hailuo_batch.app.running.agreement import require_agreement
from hailuo_batch.app.running.context import Together, run_context
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.running.scope import (
    missing_key_notes,
    narrow_plan,
    require_any_key,
    require_lock_coverage,
    require_trust,
    select_run_steps,
)
from hailuo_batch.app.running.selected_clips import read_selections, update_selected_names
from hailuo_batch.app.running.setup import RunSetup, make_run_setup
from hailuo_batch.app.running.shared_store import settle_owed_clips
from hailuo_batch.app.running.task_recorder import record_tasks
from hailuo_batch.app.running.unreachable_hosts import refuse_unreachable_hosts
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.data_plane import describe_farm_work, find_farm, open_data_plane
from hailuo_batch.app.workspace.paths import lock_path, tasks_path
from hailuo_batch.core.plan.event import Event, Listener
from hailuo_batch.core.plan.outcome import DETACHED, Outcome, exit_code, is_only_held, is_only_refused
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.spending.purchase import JournalFault, explain_journal_fault
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit, HailuoError, InputError, LedgerError, LedgerMovedError, StoreError
from hailuo_batch.load.ledger_content import hash_recent_ledger
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.ports import RunLock
from hailuo_batch.runner.runner import run_plan
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.values import dataclass

MAX_CONCURRENT_STEPS = 10_000  # steps in progress; each waits at its provider's limiter
_STEPS_PER_DRAWING = 2  # while a sketch is stored and named, the processor that drew it draws the next
_DEFAULT = RunOptions()
_FOLLOWED_LATER = frozenset({Action.RESUME, Action.FETCH, Action.WAIT})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunResult:
    """What a run did, and the state of the manifest after it."""

    outcome: Outcome
    before: PlannedRun
    after: PlannedRun
    scope: Scope = Scope.ALL
    lock: Path | None = None  # the lock file, when it was written anew
    is_begun: bool = True  # of several, the others are not begun after one that was stopped
    error: HailuoError | None = None  # why lock or ledger could not be written; the clips are still stored

    @property
    def exit(self) -> Exit:
        """The exit code of the run: 8 when what is left is neither failed nor stopped, but waits for a person."""
        if self.is_ledger_moved:
            return Exit.LEDGER
        left = self.after.pending_steps if self.error is None and self.scope is Scope.ALL else ()
        if self.outcome.stop_reason == DETACHED:  # what is under way, or starts from it, is for the next run
            left = tuple(step for step in left if step.action not in _FOLLOWED_LATER)
        return exit_code(
            self.outcome,
            is_unfinished=bool(left),
            is_refused=is_only_refused(left),
            is_held=is_only_held(left),
            has_error=self.error is not None,
        )

    @property
    def is_ledger_moved(self) -> bool:
        """Whether the ledger was taken away during the run: then `after` is the plan of before."""
        return isinstance(self.error, LedgerMovedError)


def _agree(_: PlannedRun) -> None:
    """Approves any plan: a caller in Python has decided by calling."""


def _ignore(_: Event) -> None:
    """Listens to nothing."""


async def plan_run(file: Path | str, options: RunOptions = _DEFAULT, *, full_report: bool = False) -> PlannedRun:
    """What a run with these options would do."""
    return narrow_plan(await make_run_plan(file, options, full_report=full_report), options.scope)


async def run(
    file: Path | str,
    options: RunOptions = _DEFAULT,
    *,
    approve: Callable[[PlannedRun], None] = _agree,
    listener: Listener = _ignore,
    stop: Stop | None = None,
) -> RunResult:
    """Renders what is missing, and gives every clip its name.

    In a rehearsal the mock replaces the gateways: nothing is bought, and clips stay apart below
    `.hailuo/rehearsal`. `approve` is shown the plan before anything is submitted and raises `RefusedError` to stop. A
    run that was stopped or killed goes on where it was when it is called again. Raises `ManifestError`, `RefusedError`,
    `KeyMissingError` or `LedgerError` before anything is submitted.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, duration: 1, resolution: 512p}]\\n")
    >>> ran = asyncio.run(run(file, RunOptions(world=World.SKETCH, jobs=1)))
    >>> ran.outcome.stored, ran.after.report.rows[0].file
    (1, 'tiny_a_v001_sketch.mp4')
    >>> asyncio.run(run(file, RunOptions(world=World.SKETCH))).outcome.stored
    0
    """
    stop, scope = stop or Stop(), options.scope
    # The plan is made three times. Now, without the lock: most runs end here, with nothing to do or a refusal.
    before = await make_run_plan(file, options)
    await require_agreement([before], options)
    if scope is Scope.LOCKED:
        require_lock_coverage(before)
    if not select_run_steps(before, scope):
        return await finish_idle(before, scope)
    require_run_trust(before, scope)
    before = require_ledger(before, options)
    require_any_key(before, scope)
    workspace = before.validation.workspace
    workspace.create()
    with workspace.hold_run_lock(f"run {before.validation.name}") as lock:
        # Money: under the lock, since what is approved is what no other run can change, and is what is carried out.
        before = require_ledger(await plan_again(before), options)
        require_run_trust(before, scope)
        refuse_name_collisions(before)
        await refuse_unreachable_hosts(before, scope)
        (before,) = await require_agreement([before], options)
        if needs_approval(options):
            approve(replace(narrow_plan(before, scope), notes=missing_key_notes(before, scope)))
        return await carry_out(before, select_run_steps(before, scope), options, listener, stop, lock)


async def carry_out(
    before: PlannedRun,
    steps: Sequence[Step],
    options: RunOptions,
    listener: Listener,
    stop: Stop,
    lock: RunLock,
    together: Together | None = None,
) -> RunResult:
    """Carries out steps of a plan that was approved, under the run lock, and brings lock and tasks file up to date."""
    setup, scope = make_run_setup(before), options.scope
    if setup.tasks_file is not None:
        write_task_entries(setup.tasks_file, setup.tasks)
    outcome, error = await execute_run(setup, steps, options, listener, stop, lock, together)
    if isinstance(error, LedgerMovedError):  # what is there now says nothing of this run
        return RunResult(outcome=outcome, before=before, after=before, scope=scope, error=error)
    content = hash_recent_ledger(setup.workspace.ledger_file)
    try:
        # Afterwards, for report and lock; from manifest and lock as they were read first: the user may be editing
        # the one, and may have checked out another branch, whose lock says nothing of this run.
        after = await plan_again(before, lock=before.lock)
    except (LedgerError, InputError) as trouble:
        # The tasks file stays as it is, since it has more than was known before; so does a lock that is damaged.
        failed = RunResult(outcome=outcome, before=before, after=before, scope=scope, error=error or trouble)
        return _update_lock(failed) if isinstance(trouble, LedgerError) else failed
    done = await update_files(RunResult(outcome=outcome, before=before, after=after, scope=scope, error=error))
    if (limit := before.validation.project.store_cache) is not None:
        from hailuo_batch.app.running.shared_store import shrink_store_cache

        shrink_store_cache(before.validation.workspace, limit)
    if done.error is None:
        write_run_cache(done.after, content)
    return done


def needs_approval(options: RunOptions) -> bool:
    """Whether a run may submit something that costs money; the others are approved by calling them."""
    return options.world is not World.REHEARSAL and options.scope in {Scope.ALL, Scope.FAILED}


async def make_run_plan(file: Path | str, options: RunOptions, *, full_report: bool = False) -> PlannedRun:
    """The plan of a run, before it is narrowed to what the run is for."""
    return await plan(
        file,
        **options.plan_arguments,
        full_report=full_report,
        strict=options.strict,
        takes=options.takes,
    )


def require_ledger(planned: PlannedRun, options: RunOptions) -> PlannedRun:
    """The plan, unless the ledger that bought what is here is gone; where that is known, nothing warns of it again."""
    world, steps = options.world, select_run_steps(planned, options.scope)
    finding, workspace = planned.snapshot.journal_finding, planned.validation.workspace
    name, ledger = workspace.ledger_name, workspace.ledger_file
    is_gone = finding is not None and finding.fault is JournalFault.GONE
    if finding is not None and steps and not is_gone:
        raise explain_journal_fault(finding, ledger=name, world=world)
    if options.new_ledger:
        return replace(planned, lost_ledger=None, snapshot=replace(planned.snapshot, journal_finding=None))
    manifest = planned.validation.name
    refuse_lost_ledger(
        planned.lost_ledger,
        steps,
        ledger=ledger,
        command=command_line("run", "--new-ledger", manifest=manifest, world=world),
    )
    if finding is not None and any(step.submits for step in steps):
        raise explain_journal_fault(finding, ledger=name, world=world, manifest=manifest)
    return planned


def require_run_trust(planned: PlannedRun, scope: Scope) -> None:
    """Refuses a run that needs what the user has not trusted; in the other worlds no key is sent."""
    if planned.validation.world is World.REAL:
        require_trust(planned.validation.project, select_run_steps(planned, scope))


async def execute_run(
    setup: RunSetup,
    steps: Sequence[Step],
    options: RunOptions,
    listener: Listener,
    stop: Stop,
    lock: RunLock,
    together: Together | None = None,
) -> tuple[Outcome, HailuoError | None]:
    """Carries steps out, under a row of its own in the ledger; a row without an end is a run that was killed.

    `together` is what the runs of one command over several manifests share.
    """
    together = together or Together()
    clock = SystemClock()
    is_here = setup.is_local and not find_farm(setup.workspace)
    workers = options.jobs or (cpu_count() if is_here else MAX_CONCURRENT_STEPS)
    error: HailuoError | None = None
    begun_at = clock.now()
    mended = frozenset({JournalFault.GONE} if options.new_ledger else ())
    async with (
        setup.workspace.open_ledger(
            clock, lock, command=f"run {setup.manifest}".strip(), accounts=read_accounts(setup), mended=mended
        ) as opened,
        record_tasks(opened, setup.tasks_file, setup.tasks) as ledger,
    ):
        is_sketch = setup.workspace.world is World.SKETCH
        number = await ledger.begin_run(manifest=setup.manifest, campaign=setup.campaign, sketch=is_sketch)
        async with (
            open_data_plane(setup.workspace, workers=workers, leave=stop.waits) as data_plane,
            run_context(setup, ledger, number, options, data_plane, stop, together) as context,
        ):
            outcome = await run_plan(
                setup.plan,
                steps,
                context,
                workers=options.jobs or (_STEPS_PER_DRAWING * workers if setup.is_local else workers),
                listener=listener,
                clock=clock,
                stop=stop,
                fail_fast=options.fail_fast,
                detach=options.detach,
                settled=together.settled,
            )
        outcome = replace(outcome, farm=describe_farm_work(data_plane))
        try:
            failed, code = len(outcome.clip_failures), exit_code(outcome)
            await ledger.end_run(number, stored=outcome.stored, failed=failed, exit=code)
        except LedgerMovedError as moved:
            store = setup.workspace.open_store()
            error = await explain_moved_ledger(moved, ledger, store, begun_at=begun_at)
        except LedgerError as trouble:  # what was done is still reported: it may contain a task's id
            error = trouble
    return outcome, error


async def update_files(result: RunResult) -> RunResult:
    """Brings lock, tasks file and the names of selected clips up to date."""
    return await _settle_owed(await _update_selected(_update_tasks(_update_lock(result))))


async def finish_idle(planned: PlannedRun, scope: Scope) -> RunResult:
    """A run with nothing to do: only its lock and its tasks file may be behind."""
    idle = _update_lock(RunResult(outcome=Outcome(), before=planned, after=planned, scope=scope))
    return await _settle_owed(await _update_selected(await _update_idle(idle)))


async def _settle_owed(result: RunResult) -> RunResult:
    """Tries once more to put what is owed into the shared store, and says what still is."""
    workspace, is_stopped = result.after.validation.workspace, bool(result.outcome.stop_reason)
    notes = await settle_owed_clips(workspace, is_stopped=is_stopped) if workspace.has_owed_clips else ()
    return replace(result, after=replace(result.after, notes=(*result.after.notes, *notes))) if notes else result


async def _update_selected(result: RunResult) -> RunResult:
    """Links the clips that are selected now; what has a name of theirs and is not ours is said, and stays."""
    notes = await update_selected_names(result.after, read_selections(result.after.validation))
    return replace(result, after=replace(result.after, notes=(*result.after.notes, *notes))) if notes else result


async def _update_idle(result: RunResult) -> RunResult:
    """Brings the tasks file up to date where nothing is left to do, as after a merge."""
    planned = result.after
    if not planned.tasks or list_tasks(planned, make_lockfile(planned)) == planned.tasks:
        return result
    workspace = planned.validation.workspace
    try:
        with workspace.hold_run_lock(f"run {planned.validation.name}"):
            return _update_tasks(replace(result, after=await plan_again(planned)))
    except LedgerError:  # a run works here, and does it at its end
        return result


def _update_tasks(result: RunResult) -> RunResult:
    """Brings the tasks file up to date: what the lock names and what has ended leaves it."""
    planned = result.after
    if not has_tasks_file(planned.validation):
        return result
    lock = planned.lock if result.error is not None else make_lockfile(planned)
    try:
        write_task_entries(tasks_path(planned.validation.file), list_tasks(planned, lock))
    except StoreError as trouble:
        return replace(result, error=result.error or trouble)
    return result


def _update_lock(result: RunResult) -> RunResult:
    """Brings the lock file up to date; only real takes have one."""
    validation = result.after.validation
    if validation.world is not World.REAL:
        return result
    path = lock_path(validation.file)
    try:
        return replace(result, lock=path) if write_lock(path, make_lockfile(result.after)) else result
    except StoreError as trouble:
        return replace(result, error=result.error or trouble)
