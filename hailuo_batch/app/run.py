"""Plan → clips: the one use case that may spend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hailuo_batch.app.planning.name_collisions import refuse_name_collisions
from hailuo_batch.app.planning.plan import make_lockfile, plan, plan_again
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.recovery.missing_ledger import refuse_lost_ledger
from hailuo_batch.app.running.context import RunOptions, run_context
from hailuo_batch.app.running.scope import (
    Scope,
    missing_key_notes,
    narrow_plan,
    require_any_key,
    require_lock_coverage,
    select_run_steps,
)
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.paths import hidden_folder, ledger_file, lock_path, run_lock_path
from hailuo_batch.core.plan.event import Event, Listener
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import Exit, HailuoError, LedgerError, StoreError
from hailuo_batch.ledger.run_lock import hold_lock
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.runner.executor import LocalExecutor
from hailuo_batch.runner.runner import exit_code, run_plan
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.state_dir import ensure_state_folder

MAX_CONCURRENT_STEPS = 10_000  # steps taken up at once; each waits at its provider's door
_DEFAULT_OPTIONS = RunOptions()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunResult:
    """What a run did, and how the manifest stands after it."""

    outcome: Outcome
    before: PlannedRun
    after: PlannedRun
    scope: Scope = Scope.ALL
    lock: Path | None = None  # the lock file, when it was written anew
    error: HailuoError | None = None  # why lock or ledger could not be written; the clips are kept all the same

    @property
    def exit(self) -> Exit:
        """The exit code of the run: 8 when what is left is neither failed nor stopped, but waits for a person."""
        code = exit_code(self.outcome)
        if code is not Exit.DONE:
            return code
        if self.error is not None:
            return Exit.TAKES_FAILED
        return Exit.NEEDS_PERSON if self.scope is Scope.ALL and self.after.pending_steps else code


def _approve_always(_: PlannedRun) -> None:
    """Approves any plan: a caller in Python has decided by calling."""


def _ignore_event(_: Event) -> None:
    """Listens to nothing."""


async def run(
    file: Path | str,
    *,
    sketch: bool = False,
    only: Sequence[str] = (),
    scope: Scope = Scope.ALL,
    options: RunOptions = _DEFAULT_OPTIONS,
    approve: Callable[[PlannedRun], None] = _approve_always,
    listener: Listener = _ignore_event,
    stop: Stop | None = None,
) -> RunResult:
    """Renders what is not there yet, and gives every clip its name.

    `scope` leaves out some of the work, `options` say how fast and for how much; with a rehearsal in them the mock is
    asked instead of the gateways: nothing is sent or bought, and what is made stays apart below `.hailuo/rehearsal`.
    `approve` is shown the plan before anything is sent and raises `RefusedError` to stop. A run that is stopped or
    killed goes on where it was when it is called again. Raises `ManifestError`, `RefusedError`, `KeyMissingError` or
    `LedgerError` before anything is sent.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, duration: 1, resolution: 512p}]\\n")
    >>> ran = asyncio.run(run(file, sketch=True, options=RunOptions(jobs=1)))
    >>> ran.outcome.stored, ran.after.report.rows[0].file
    (1, 'tiny_a_v001_sketch.mp4')
    >>> asyncio.run(run(file, sketch=True)).outcome.stored
    0
    """
    stop, rehearsal = stop or Stop(), options.rehearsal is not None
    before = await plan(
        file,
        sketch=sketch,
        only=only,
        rehearsal=rehearsal,
        force_refused=scope is Scope.FAILED,
        max_cost=options.max_cost,
    )
    base = before.validation.project.data_root
    if scope is Scope.LOCKED:
        require_lock_coverage(before)
    if not select_run_steps(before, scope):
        return _update_lock(RunResult(outcome=Outcome(), before=before, after=before, scope=scope))
    before = _require_ledger(before, scope, options)
    require_any_key(before, scope)
    ensure_state_folder(hidden_folder(base))
    with hold_lock(run_lock_path(base), f"run {before.validation.name}"):
        # Money: what is approved is what another run cannot change any more, and it is what is carried out.
        before = _require_ledger(await plan_again(before), scope, options)
        refuse_name_collisions(before)
        if not rehearsal and scope in {Scope.ALL, Scope.FAILED}:  # the others submit nothing
            approve(replace(narrow_plan(before, scope), notes=missing_key_notes(before, scope)))
        outcome, trouble = await execute_run(before, select_run_steps(before, scope), options, listener, stop)
        try:
            # The manifest as it was read in the beginning: somebody may be editing it.
            after = await plan_again(before)
        except LedgerError as error:
            after, trouble = before, trouble or error
        return _update_lock(RunResult(outcome=outcome, before=before, after=after, scope=scope, error=trouble))


def _require_ledger(planned: PlannedRun, scope: Scope, options: RunOptions) -> PlannedRun:
    """The plan, unless the ledger that bought what is here is gone; where that is known, it is not warned of again."""
    if options.new_ledger:
        return replace(planned, lost_ledger=None)
    words = "run --mock --new-ledger" if options.rehearsal else "run --new-ledger"
    command = f"hailuo-batch {words} {planned.validation.name}"
    ledger = ledger_file(planned.validation.project.data_root)
    refuse_lost_ledger(planned.lost_ledger, select_run_steps(planned, scope), ledger=ledger, command=command)
    return planned


async def execute_run(
    planned: PlannedRun, steps: Sequence[Step], options: RunOptions, listener: Listener, stop: Stop
) -> tuple[Outcome, HailuoError | None]:
    """The run with its own line in the ledger; a line without an end is a run that was killed."""
    validation, clock = planned.validation, SystemClock()
    workers = _worker_count(planned, options)
    trouble: HailuoError | None = None
    async with open_ledger(ledger_file(validation.project.data_root), clock=clock) as ledger:
        name = validation.project.display_path(validation.file.resolve())
        number = await ledger.begin_run(manifest=name, campaign=validation.campaign, sketch=validation.sketch)
        async with run_context(planned, ledger, number, options, workers, stop) as bench:
            outcome = await run_plan(
                planned.plan,
                steps,
                bench,
                executor=LocalExecutor(workers),
                listener=listener,
                clock=clock,
                stop=stop,
                fail_fast=options.fail_fast,
            )
        try:
            failed, code = len(outcome.clip_failures), exit_code(outcome)
            await ledger.end_run(number, stored=outcome.stored, failed=failed, exit=code)
        except LedgerError as error:  # what was done is told all the same: it may hold a task's id
            trouble = error
    return outcome, trouble


def _worker_count(planned: PlannedRun, options: RunOptions) -> int:
    """How many steps at once: one a core for what is drawn here; elsewhere the providers' doors hold them back."""
    if planned.validation.model == ANIMATIC:
        return options.jobs or cpu_count()
    return options.jobs or MAX_CONCURRENT_STEPS


def _update_lock(result: RunResult) -> RunResult:
    """Brings the lock file up to date; sketches and rehearsals have none."""
    validation = result.after.validation
    if validation.sketch or validation.project.rehearsal:
        return result
    path = lock_path(validation.file)
    try:
        return replace(result, lock=path) if write_lock(path, make_lockfile(result.after)) else result
    except StoreError as trouble:
        return replace(result, error=result.error or trouble)
