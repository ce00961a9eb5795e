"""Tasks of which no manifest is left: their clips come to the store, and get their names when it is back.

Provider and id are known, and what was asked stands in the attempt: nothing else is needed to bring a clip home.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hailuo_batch.app.fetch import PendingTasks
from hailuo_batch.app.planning.orphaned_tasks import make_orphan_step
from hailuo_batch.app.planning.planned import LedgerSnapshot, PlannedRun, PlanOptions, StepDetails
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.run import execute_run
from hailuo_batch.app.running.context import RunOptions
from hailuo_batch.app.workspace.paths import ledger_file, run_lock_path
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Plan, PlanInputs, Step
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.request.request import HAILUO_02
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.ledger.run_lock import hold_lock
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.load.input_values import NO_INPUTS
from hailuo_batch.load.settings import Project
from hailuo_batch.runner.runner import exit_code
from hailuo_batch.runner.shutdown import Stop


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrphanReport:
    """What became of tasks without a manifest: whose clips are in the store now, and whose are not, with the reason."""

    fetched: tuple[AttemptRecord, ...] = ()
    unfetched: tuple[tuple[AttemptRecord, Failure | None], ...] = ()
    outcome: Outcome
    error: HailuoError | None = None

    @property
    def exit(self) -> Exit:
        """The exit code: a task that is not home is for a person to know."""
        code = exit_code(self.outcome)
        if code is not Exit.DONE:
            return code
        return Exit.NEEDS_PERSON if self.unfetched else Exit.TAKES_FAILED if self.error else code


async def fetch_orphans(pending: PendingTasks, *, options: RunOptions, listener: Listener, stop: Stop) -> OrphanReport:
    """Brings the clips of tasks to the store of which no manifest is left. Submits nothing, and gives no names."""
    base = pending.project.data_root
    with hold_lock(run_lock_path(base), "fetch"):
        before = await _read_standings(pending)
        steps = tuple(
            make_orphan_step(each, before[each.fingerprint])
            for each in pending.orphaned_tasks
            if _is_still_pending(each, before)
        )
        outcome, trouble = await execute_run(
            _make_orphan_plan(pending.project, steps, before), steps, options, listener, stop
        )
        after = await _read_standings(pending)
    failed = {step.fingerprint: failure for step, failure in outcome.failed}
    home = tuple(each for each in pending.orphaned_tasks if after[each.fingerprint].stage is Stage.STORED)
    away = tuple((each, failed.get(each.fingerprint)) for each in pending.orphaned_tasks if each not in home)
    return OrphanReport(fetched=home, unfetched=away, outcome=outcome, error=trouble)


async def _read_standings(pending: PendingTasks) -> Mapping[str, Standing]:
    async with read_ledger(ledger_file(pending.project.data_root)) as ledger:
        return await ledger.standings()


def _is_still_pending(each: AttemptRecord, standings: Mapping[str, Standing]) -> bool:
    """Whether it still stands as it was read; a run may have ended it since."""
    now = standings[each.fingerprint]
    return (now.attempt, now.stage) == (each.id, each.stage)


def _make_orphan_plan(project: Project, steps: tuple[Step, ...], standings: Mapping[str, Standing]) -> PlannedRun:
    """A plan without a manifest: nothing is asked for, and only what is known already is followed."""
    validation = Validation(
        file=project.root,
        name="",
        data=b"",
        project=project,
        manifest=None,
        shots=(),
        model=HAILUO_02,
        sketch=False,
        providers=(),
        inputs=NO_INPUTS,
        problems=(),
    )
    grounds = PlanInputs(
        model=HAILUO_02,
        images={},
        routes={},
        standings=standings,
        last_renders={},
        locked_clips={},
        stored_digests=frozenset(),
    )
    plan = Plan(campaign="", steps=(), inputs=grounds)
    return PlannedRun(
        validation=validation,
        options=PlanOptions(),
        plan=plan,
        selected=(),
        lock=Lockfile(campaign="", shots={}),
        snapshot=LedgerSnapshot(standings=standings, last_renders={}, clip_sizes={}),
        details=StepDetails(names={}, clips={}, requests={}, sibling_manifests=()),
        names=frozenset(),
        orphan_steps=steps,
        report=make_report(plan, manifest="", sketch=False, clip_sizes={}),
    )
