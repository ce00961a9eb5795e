"""Steps in, outcome out: gives the steps to workers, notifies the listener, unlocks steps that waited for a frame.

It decides nothing: a step defines what to do, and a failure's kind defines what is allowed next.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.models import Model
from hailuo_batch.core.pacing.remaining_time import ProviderPace, UsualTime
from hailuo_batch.core.plan.clip_marks import list_clip_remarks, list_step_marks
from hailuo_batch.core.plan.event import (
    Listener,
    RunEnded,
    RunStarted,
    StepFailed,
    StepStored,
    StepsUnlocked,
)
from hailuo_batch.core.plan.outcome import DETACHED, Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource, Plan, Step
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.ports import Clock
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.download import StoredClip
from hailuo_batch.runner.frame_unlocks import RUNNABLE_ACTIONS, FrameUnlocks, giver_digests
from hailuo_batch.runner.run_reporter import RunReporter
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.step import run_step
from hailuo_batch.runner.workers import run_workers

_LOG = logging.getLogger("hailuo_batch.wait")


async def run_plan(
    plan: Plan | None,
    steps: Iterable[Step],
    context: RunContext,
    *,
    workers: int,
    listener: Listener,
    clock: Clock,
    stop: Stop,
    fail_fast: bool = False,
    detach: bool = False,
    settled: Mapping[str, Failure] = MappingProxyType({}),
) -> Outcome:
    """Carries out the given steps of a plan; those of them that wait for a frame follow when it is there.

    Without a plan no step waits. What is `settled` has failed in this command already, by fingerprint. With `fail_fast`
    the first failure ends the submits; what runs is followed to its end. With `detach` the run ends as soon as all that
    can be submitted was accepted or refused, and leaves the tasks to the next one.
    """
    begin = clock.elapsed()
    given = tuple(steps)
    # Finished clips are downloaded first: links expire, and a submit can wait.
    runnable = [step for step in given if step.action in RUNNABLE_ACTIONS]
    known = [step for step in runnable if _is_settled(step, settled)]
    todo = sorted((step for step in runnable if not _is_settled(step, settled)), key=_is_submit)
    # Money: only a step that was given may be unlocked; the others were not selected.
    waiting = [step for step in given if step.action is Action.WAIT]
    _log_waiting(waiting)
    count = sum(step.action is not Action.REUSE for step in todo) + len(waiting) + len(known)
    paces = _list_paces([*filter(_is_submit, todo), *waiting], context)
    listener(
        RunStarted(
            steps=count,
            paces=paces,
            waiting=tuple(waiting),
            usual_times=_select_usual_times([*todo, *waiting], context),
        )
    )
    unlocks = None if plan is None else FrameUnlocks(waiting, plan.inputs, giver_digests(plan))
    reporter = RunReporter(listener, context, clock, todo)
    reporter.report_caps()
    _expect_tasks(todo, context)
    work = _StepWorker(
        unlocks,
        reporter,
        stop,
        fail_fast=fail_fast,
        detach=detach,
        settled=settled,
        model=None if plan is None else plan.inputs.model,
    )
    work.leave_when_settled()
    await run_workers([*known, *todo], work, workers)
    while again := work.pop_over_cap():
        await run_workers(again, work, workers)
    work.report_over_cap()
    outcome = work.outcome(stopped=stop.reason, seconds=clock.elapsed() - begin)
    listener(RunEnded(stored=outcome.stored, failed=len(outcome.clip_failures), seconds=outcome.seconds))
    return outcome


def _log_waiting(steps: Iterable[Step]) -> None:
    if _LOG.isEnabledFor(logging.DEBUG):
        for step in steps:
            why = f"starts from a frame of {', '.join(step.waits_for)}"
            _LOG.debug(WaitLine(reason=WaitReason.FRAME, seconds=None, shot=step.take_names[0].shot, why=why))


def _is_settled(step: Step, settled: Mapping[str, Failure]) -> bool:
    return step.action is not Action.REUSE and step.fingerprint in settled


def _is_submit(step: Step) -> bool:
    return step.action is Action.SUBMIT


def _list_paces(steps: Iterable[Step], context: RunContext) -> tuple[ProviderPace, ...]:
    """How fast the gateways of these submits may be called."""
    submits = Counter(step.route.provider for step in steps)
    return tuple(
        ProviderPace(
            provider=name,
            submits=submits[name],
            per_minute=limiter.pace.per_minute,
            at_once=limiter.pace.max_running,
            first_takes=None if limiter.slow_start.is_over else limiter.slow_start.window,
            speed=context.speed,
        )
        for name, limiter in context.limiters.items()
    )


def _select_usual_times(steps: Iterable[Step], context: RunContext) -> tuple[UsualTime, ...]:
    """How long clips like those of these steps took before."""
    kinds = {(use.shot.resolution, str(use.shot.duration)) for step in steps for use in step.uses[:1]}
    return tuple(each for each in context.usual_times if (each.resolution, each.duration) in kinds)


def _expect_tasks(steps: Iterable[Step], context: RunContext) -> None:
    """Money: what was bought lately and is not stored counts at its provider before anything is submitted there."""
    for step in steps:
        if not step.is_resumed or not context.is_recent(step):
            continue
        known = step.known_task or step.standing
        if known is not None and (limiter := context.limiters.get(known.provider)):
            limiter.expect_task()


class _StepWorker:
    """What a worker does with one step, and what it makes possible."""

    def __init__(
        self,
        unlocks: FrameUnlocks | None,
        reporter: RunReporter,
        stop: Stop,
        *,
        fail_fast: bool,
        detach: bool,
        settled: Mapping[str, Failure],
        model: Model | None,
    ) -> None:
        self._kept: Counter[ClipSource] = Counter()
        self._stored = self._named = self._left = 0
        self._failures: list[tuple[Step, Failure]] = []
        self._over_cap: list[tuple[Step, Failure]] = []
        self._unlocks, self._reporter, self._stop = unlocks, reporter, stop
        self._fail_fast, self._detach, self._settled = fail_fast, detach, settled
        self._context = reporter.attach()
        reporter.on_settled = self.leave_when_settled
        self._model = model
        self._fallbacks: Counter[tuple[str, str]] = Counter()
        self._started_fingerprints: set[str] = set()

    def outcome(self, *, stopped: str, seconds: float) -> Outcome:
        """What was done so far."""
        return Outcome(
            stored=self._stored,
            kept=self._kept,
            named=self._named,
            failed=tuple(self._failures),
            remarks=tuple(self._reporter.remarks),
            other_providers=tuple((who, count, why) for (who, why), count in sorted(self._fallbacks.items())),
            left_running=self._left,
            stop_reason=stopped,
            seconds=seconds,
        )

    async def __call__(self, step: Step) -> Iterable[Step]:
        is_left = self._stop.is_requested and not self._is_named_only(step)
        if is_left or step.fingerprint in self._started_fingerprints:
            self._left += self._stop.is_requested and step.action is Action.RESUME  # running since an earlier run
            return ()
        self._started_fingerprints.add(step.fingerprint)
        if _is_settled(step, self._settled):
            # Money: it failed for another manifest of this command. A plan may buy it again, and only a later one.
            self._record_failure(step, self._settled[step.fingerprint])
            return ()
        result = await run_step(step, self._context)
        more: Iterable[Step] = ()
        if isinstance(result, Failure):
            self._record_failure(step, result)
        else:
            more = self._record_clip(step, result)
        self._reporter.settle_step(step)
        return more

    def leave_when_settled(self) -> None:
        """Leaves the tasks to the next run, where that is wanted: all is submitted, and what is ready is downloaded."""
        if self._detach and not self._reporter.unsettled:
            self._stop.request(DETACHED)

    def _is_named_only(self, step: Step) -> bool:
        """Whether a run that leaves its tasks still gives a clip its name: that waits for nobody."""
        return step.action is Action.REUSE and self._stop.reason == DETACHED

    def pop_over_cap(self) -> tuple[Step, ...]:
        """The steps that a cap left out, when there may be room now: a gateway refused what had taken it."""
        if self._stop.is_requested or not self._context.reservations.pop_release_flag():
            return ()
        steps = tuple(step for step, _ in self._over_cap)
        self._over_cap.clear()
        self._started_fingerprints.difference_update(step.fingerprint for step in steps)
        return steps

    def report_over_cap(self) -> None:
        """Reports the steps that a cap left out for good."""
        for step, failure in self._over_cap:
            self._failures.append((step, failure))
            self._reporter.notify(step, StepFailed(step=step, failure=failure))

    def _record_failure(self, step: Step, failure: Failure) -> None:
        if failure.kind is FailureKind.STOPPED:  # no failure: it was not begun, or its task is left to the next run
            self._left += failure.running
            return
        if failure.kind is FailureKind.OVER_CAP:  # reported at the end: there may be room by then
            self._over_cap.append((step, failure))
            return
        self._failures.append((step, failure))
        self._reporter.notify(step, StepFailed(step=step, failure=failure))
        if FAILURE_POLICIES[failure.kind].stops_run:
            self._stop.request(failure.why)
        elif self._fail_fast:
            self._stop.request("a take failed, and --fail-fast is set", leave_tasks=False)

    def _record_clip(self, step: Step, stored: StoredClip) -> Iterable[Step]:
        if stored.naming_failure is not None:
            self._failures.append((step, stored.naming_failure))
        elif step.action is Action.REUSE:
            self._named += 1
        self._stored += step.action is not Action.REUSE
        self._kept.update([step.source] if step.source is not None else [])
        marks = self._list_marks(step, stored) if step.action is not Action.REUSE else ()
        self._reporter.remarks.extend((step, words) for words in list_clip_remarks(stored.clip, marks))
        if stored.fallback_reason:
            self._fallbacks[stored.provider, stored.fallback_reason] += 1
        who, clip = stored.provider, stored.clip
        self._reporter.notify(step, StepStored(step=step, provider=who, clip=clip, cost=stored.cost, marks=marks))
        more = self._unlocks.unlock(step, stored.clip.digest) if self._unlocks is not None else ()
        if more:
            self._reporter.add_steps(more)
            self._reporter.report(StepsUnlocked(steps=len(more)))
        return more

    def _list_marks(self, step: Step, stored: StoredClip) -> tuple[Mark, ...]:
        if self._model is None or not step.uses:
            return ()
        shot, who = step.uses[0].shot, stored.provider
        return list_step_marks(step, shot, stored.clip, self._model, stored.measures, provider=who)
