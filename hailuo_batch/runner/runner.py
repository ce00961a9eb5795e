"""Steps in, outcome out: gives the steps to workers, notifies the listener, unlocks steps that waited for a frame.

It decides nothing: a step defines what to do, and a failure's kind defines what is allowed next.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.attempt.quote import is_much_higher
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import Money
from hailuo_batch.core.pacing.remaining_time import ProviderPace
from hailuo_batch.core.plan.clip_marks import list_clip_remarks, list_step_marks
from hailuo_batch.core.plan.event import (
    Event,
    Listener,
    RunEnded,
    RunStarted,
    StepFailed,
    StepQuoted,
    StepStarted,
    StepStored,
    StepsUnlocked,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource, Plan, PlanInputs, Step
from hailuo_batch.core.plan.planner import find_unlocked_steps
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.ports import Clock
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.download import StoredClip
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.step import run_step
from hailuo_batch.runner.workers import run_workers

_LOG = logging.getLogger("hailuo_batch.wait")
_RUNNABLE_ACTIONS = frozenset({Action.REUSE, Action.SUBMIT, Action.RESUME, Action.FETCH})


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
    settled: Mapping[str, Failure] = MappingProxyType({}),
) -> Outcome:
    """Carries out the given steps of a plan; those of them that wait for a frame follow when it is there.

    Without a plan no step waits. What is `settled` has failed in this command already, by fingerprint. With `fail_fast`
    the first failure ends the submits; what runs is followed to its end.
    """
    begin = clock.elapsed()
    given = tuple(steps)
    # Finished clips are downloaded first: links expire, and a submit can wait.
    runnable = [step for step in given if step.action in _RUNNABLE_ACTIONS]
    known = [step for step in runnable if _is_settled(step, settled)]
    todo = sorted((step for step in runnable if not _is_settled(step, settled)), key=_is_submit)
    # Money: only a step that was given may be unlocked; the others were not selected.
    waiting = [step for step in given if step.action is Action.WAIT]
    _log_waiting(waiting)
    count = sum(step.action is not Action.REUSE for step in todo) + len(waiting) + len(known)
    paces = _list_paces([*filter(_is_submit, todo), *waiting], context)
    listener(RunStarted(steps=count, paces=paces, waiting=tuple(waiting)))
    unlocks = None if plan is None else _FrameUnlocks(waiting, plan.inputs, _giver_digests(plan))
    _expect_tasks(todo, context)
    work = _StepWorker(
        unlocks,
        context,
        listener,
        stop,
        clock=clock,
        submits=sum(map(_is_submit, todo)),
        fail_fast=fail_fast,
        settled=settled,
        model=None if plan is None else plan.inputs.model,
    )
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
        unlocks: "_FrameUnlocks | None",
        context: RunContext,
        listener: Listener,
        stop: Stop,
        *,
        clock: Clock,
        submits: int,
        fail_fast: bool,
        settled: Mapping[str, Failure],
        model: Model | None,
    ) -> None:
        self._kept: Counter[ClipSource] = Counter()
        self._stored = self._named = self._left = 0
        self._failures: list[tuple[Step, Failure]] = []
        self._remarks: list[tuple[Step, str]] = []
        self._over_cap: list[tuple[Step, Failure]] = []
        self._unlocks, self._listener, self._stop, self._fail_fast = unlocks, listener, stop, fail_fast
        self._context = replace(
            context, on_start=self._report_start, on_wait=self._report_wait, on_quote=self._report_quote
        )
        self._clock, self._waits, self._settled = clock, 0, settled
        self._model = model
        self._submits_left, self._submitted = submits, set[str]()
        self._fallbacks: Counter[tuple[str, str]] = Counter()
        self._started_fingerprints: set[str] = set()
        self._high_quotes: set[tuple[str, ShotNeeds]] = set()  # each is remarked once

    def outcome(self, *, stopped: str, seconds: float) -> Outcome:
        """What was done so far."""
        return Outcome(
            stored=self._stored,
            kept=self._kept,
            named=self._named,
            failed=tuple(self._failures),
            remarks=tuple(self._remarks),
            other_providers=tuple((who, count, why) for (who, why), count in sorted(self._fallbacks.items())),
            left_running=self._left,
            stop_reason=stopped,
            seconds=seconds,
        )

    async def __call__(self, step: Step) -> Iterable[Step]:
        if self._stop.is_requested or step.fingerprint in self._started_fingerprints:
            self._left += self._stop.is_requested and step.action is Action.RESUME  # running since an earlier run
            return ()
        self._started_fingerprints.add(step.fingerprint)
        if _is_settled(step, self._settled):
            # Money: it failed for another manifest of this command. A plan may buy it again, and only a later one.
            self._record_failure(step, self._settled[step.fingerprint])
            return ()
        result = await run_step(step, self._context)
        if isinstance(result, Failure):
            self._record_failure(step, result)
            return ()
        return self._record_clip(step, result)

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
            self._notify(step, StepFailed(step=step, failure=failure))

    def _report_start(self, step: Step, provider: str) -> None:
        if _is_submit(step) and step.fingerprint not in self._submitted:  # a resend is no other submit
            self._submitted.add(step.fingerprint)
            self._submits_left -= 1
        self._notify(step, StepStarted(step=step, provider=provider))

    def _report_quote(self, step: Step, route: Route, quote: Money) -> None:
        """Reports a provider's own price, and remarks on one that is much higher than the price list has."""
        self._notify(step, StepQuoted(step=step, provider=route.provider, quote=quote, estimate=route.estimate))
        key = (route.provider, step.uses[0].shot.needs)
        if is_much_higher(quote, route.estimate) and key not in self._high_quotes:
            self._high_quotes.add(key)
            words = f"{route.provider} names a price of {quote}, and the price list has {route.estimate}"
            self._remarks.append((step, words))

    @contextmanager
    def _report_wait(self, step: Step | None, line: WaitLine) -> Iterator[None]:
        """Reports a wait when it begins and when it ends, in seconds of this machine."""
        if line.seconds is not None:
            line = replace(line, seconds=line.seconds / self._context.speed)
        self._waits += 1
        number, begun = self._waits, self._clock.elapsed()
        waiting = max(1, self._submits_left) if step is None else 0
        self._listener(WaitStarted(number=number, line=line, waiting=waiting, step=step))
        try:
            yield
        finally:
            self._listener(WaitEnded(number=number, line=line, seconds=self._clock.elapsed() - begun))

    def _record_failure(self, step: Step, failure: Failure) -> None:
        if failure.kind is FailureKind.STOPPED:  # no failure: it was not begun, or its task is left to the next run
            self._left += failure.running
            return
        if failure.kind is FailureKind.OVER_CAP:  # reported at the end: there may be room by then
            self._over_cap.append((step, failure))
            return
        self._failures.append((step, failure))
        self._notify(step, StepFailed(step=step, failure=failure))
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
        self._remarks.extend((step, words) for words in list_clip_remarks(stored.clip, marks))
        if stored.fallback_reason:
            self._fallbacks[stored.provider, stored.fallback_reason] += 1
        who, clip = stored.provider, stored.clip
        self._notify(step, StepStored(step=step, provider=who, clip=clip, cost=stored.cost, marks=marks))
        more = self._unlocks.unlock(step, stored.clip.digest) if self._unlocks is not None else ()
        if more:
            self._listener(StepsUnlocked(steps=len(more)))
        return more

    def _list_marks(self, step: Step, stored: StoredClip) -> tuple[Mark, ...]:
        if self._model is None or not step.uses:
            return ()
        shot, who = step.uses[0].shot, stored.provider
        return list_step_marks(step, shot, stored.clip, self._model, stored.measures, provider=who)

    def _notify(self, step: Step, event: Event) -> None:
        if step.action is not Action.REUSE:  # a name given again is no news
            self._listener(event)


def _giver_digests(plan: Plan) -> dict[str, str]:
    """The digests of clips that give frames and are there already, by shot."""
    there = ((step, step.standing) for step in plan.select_steps(Action.REUSE))
    return {
        use.shot.id: standing.digest
        for step, standing in there
        if standing is not None and standing.digest is not None
        for use in step.uses
        if use.gives_frames
    }


class _FrameUnlocks:
    """Which waiting steps are unlocked by which shot."""

    def __init__(self, waiting: Iterable[Step], inputs: PlanInputs, digests: Mapping[str, str]) -> None:
        self._inputs = inputs
        self._digests = dict(digests)
        self._waiting_by_shot: dict[str, list[Step]] = {}
        for step in waiting:
            for giver in step.waits_for:
                self._waiting_by_shot.setdefault(giver, []).append(step)

    def unlock(self, step: Step, digest: str) -> tuple[Step, ...]:
        """The steps that can go on now that this one's clip is in the store."""
        shots = [use.shot.id for use in step.uses if use.gives_frames]
        self._digests.update(dict.fromkeys(shots, digest))
        waiting = [step for shot in shots for step in self._waiting_by_shot.pop(shot, ())]
        found = find_unlocked_steps(waiting, self._inputs, self._digests) if waiting else ()
        return tuple(
            step for step in found if step.action in _RUNNABLE_ACTIONS
        )  # one may be in doubt since an earlier run
