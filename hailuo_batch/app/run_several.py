"""Several manifests in one run: one plan, one agreement, one run lock, and one manifest after another.

Each manifest keeps a run, a lock and a tasks file of its own. They are carried out in turn, since each is planned again
when the one before has ended: what that bought is not bought again.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.name_collisions import refuse_name_collisions
from hailuo_batch.app.planning.plan import plan_again
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.several import plan_several, plan_several_again
from hailuo_batch.app.run import (
    RunResult,
    carry_out,
    finish_idle,
    needs_approval,
    require_ledger,
    require_run_trust,
    update_files,
)
from hailuo_batch.app.running.agreement import require_agreement
from hailuo_batch.app.running.context import Together
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.running.scope import (
    missing_key_notes,
    narrow_plan,
    require_any_key,
    require_lock_coverage,
    select_run_steps,
)
from hailuo_batch.app.running.unreachable_hosts import refuse_unreachable_hosts
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome, most_urgent
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.ports import RunLock
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.values import dataclass

Watch = Callable[[PlannedRun], AbstractContextManager[Listener]]  # what draws the progress of one manifest


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeveralResult:
    """What each manifest came to, in their order."""

    results: tuple[RunResult, ...]

    @property
    def exit(self) -> Exit:
        """The code that a person has to see first; what was not begun only counts where the user stopped it."""
        return most_urgent(
            each.exit for each in self.results if each.is_begun or each.outcome.stop_reason == INTERRUPTED
        )


async def plan_several_runs(
    files: Sequence[Path], options: RunOptions, *, full_report: bool = False
) -> tuple[PlannedRun, ...]:
    """What a run of these manifests would do."""
    return tuple(
        narrow_plan(planned, options.scope) for planned in await _make_plans(files, options, full_report=full_report)
    )


async def run_several(
    files: Sequence[Path],
    options: RunOptions,
    *,
    approve: Callable[[Sequence[PlannedRun]], None],
    watch: Watch,
    stop: Stop,
) -> SeveralResult:
    """Renders what is missing of several manifests, under one agreement.

    `approve` is shown all plans before anything is submitted, and raises `RefusedError` to stop. Raises what `run`
    raises; then nothing was submitted for any of them.
    """
    scope = options.scope
    plans = await _make_plans(files, options)
    await require_agreement(plans, options)
    if scope is Scope.LOCKED:
        for planned in plans:
            require_lock_coverage(planned)
    if not any(select_run_steps(planned, scope) for planned in plans):
        return SeveralResult(results=tuple([await finish_idle(planned, scope) for planned in plans]))
    plans = _require_all(plans, options)
    for planned in plans:
        require_any_key(planned, scope)
    workspace = plans[0].validation.workspace
    workspace.create()
    with workspace.hold_run_lock(f"run {plans[0].validation.name} and {len(plans) - 1} more") as lock:
        # Money: under the lock, since what is approved is what no other run can change, and is what is carried out.
        plans = _require_all(await plan_several_again(plans, _selector(scope)), options)
        for planned in plans:
            refuse_name_collisions(planned, together=plans)
            await refuse_unreachable_hosts(planned, scope)
        plans = await require_agreement(plans, options)
        if needs_approval(options):
            approve(
                [replace(narrow_plan(planned, scope), notes=missing_key_notes(planned, scope)) for planned in plans]
            )
        return SeveralResult(results=await _carry_out_in_turn(plans, options, watch, stop, lock))


def _selector(scope: Scope) -> Callable[[PlannedRun], Sequence[Step]]:
    return lambda planned: select_run_steps(planned, scope)


async def _make_plans(
    files: Sequence[Path], options: RunOptions, *, full_report: bool = False
) -> tuple[PlannedRun, ...]:
    return await plan_several(
        files,
        **options.plan_arguments,
        full_report=full_report,
        select=_selector(options.scope),
        takes=None if options.saved is None else [part.takes for part in options.saved.plan.parts],
    )


def _require_all(plans: Sequence[PlannedRun], options: RunOptions) -> tuple[PlannedRun, ...]:
    """The plans, unless one of them needs what is not trusted, or the ledger that is gone."""
    for planned in plans:
        require_run_trust(planned, options.scope)
    return tuple(require_ledger(planned, options) for planned in plans)


async def _carry_out_in_turn(
    plans: Sequence[PlannedRun], options: RunOptions, watch: Watch, stop: Stop, lock: RunLock
) -> tuple[RunResult, ...]:
    """What each came to. After a stop, or an error of the ledger, the others are not begun."""
    together, results, error = Together(), list[RunResult](), None
    for planned in plans:
        if stop.is_requested or error is not None:
            reason = stop.reason or "an error ended the run of an earlier manifest"
            results.append(_make_unbegun(planned, options, reason))
            continue
        try:
            result = await _carry_out_one(planned, options, watch, stop, lock, together)
        except HailuoError as trouble:  # what the manifests before came to is still reported
            result = replace(_make_unbegun(planned, options, ""), error=trouble, is_begun=True)
        together.add_failures(result.outcome)
        error = result.error
        results.append(result)
    return tuple(results)


async def _carry_out_one(
    agreed: PlannedRun, options: RunOptions, watch: Watch, stop: Stop, lock: RunLock, together: Together
) -> RunResult:
    """Carries out what was approved of one manifest, as things are after the ones before it."""
    own = replace(agreed, options=replace(agreed.options, earlier=None))
    # The manifest and the lock as they were read when the plan was approved.
    now = await plan_again(own, lock=agreed.lock) if together.has_run else own
    steps = _keep_agreed(select_run_steps(now, options.scope), agreed, options.scope)
    if not steps:
        return await update_files(RunResult(outcome=Outcome(), before=now, after=now, scope=options.scope))
    earlier = agreed.options.earlier
    promised = {} if earlier is None else earlier.find_promised(agreed.plan, agreed.validation.shots)
    together.settle_left_out(step for step in steps if step.submits and promised.keys() & set(step.take_names))
    together.has_run = True
    with watch(now) as listener:
        return await carry_out(now, steps, options, listener, stop, lock, together)


def _keep_agreed(steps: Sequence[Step], agreed: PlannedRun, scope: Scope) -> tuple[Step, ...]:
    """The steps without submits that nobody has approved.

    Money: an earlier manifest of this command may have changed what the next plan would buy.
    """
    approved = {name for step in select_run_steps(agreed, scope) if step.submits for name in step.take_names}
    return tuple(step for step in steps if not step.submits or approved.issuperset(step.take_names))


def _make_unbegun(planned: PlannedRun, options: RunOptions, reason: str) -> RunResult:
    outcome = Outcome(stop_reason=reason)
    return RunResult(outcome=outcome, before=planned, after=planned, scope=options.scope, is_begun=False)
