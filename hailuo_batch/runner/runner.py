"""Plan in, outcome out: hands the steps to the executor, tells the listener, unlocks what waited.

Nothing is decided here: a step says what is to be done, a failure's kind says what it allows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.plan.event import (
    Event,
    Listener,
    ProviderHeld,
    RunEnded,
    RunStarted,
    StepFailed,
    StepStarted,
    StepStored,
    StepsUnlocked,
)
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Action, Grounds, Plan, Step
from hailuo_batch.core.plan.planner import unlocked
from hailuo_batch.errors import Exit
from hailuo_batch.ports import Clock, Executor
from hailuo_batch.runner.context import Bench
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.step import Kept, carry_out

_CARRIED_OUT = frozenset({Action.REUSE, Action.SUBMIT, Action.RESUME, Action.FETCH})


async def run_plan(
    plan: Plan,
    steps: Iterable[Step],
    bench: Bench,
    *,
    executor: Executor,
    listener: Listener,
    clock: Clock,
    stop: Stop,
    fail_fast: bool = False,
) -> Outcome:
    """Carries out the given steps of a plan; those of them that wait follow when they are unlocked.

    With `fail_fast` the first failure ends the submits; what runs is followed to its end.
    """
    begin = clock.elapsed()
    given = tuple(steps)
    # What is made already comes home first: links die, and a submit can wait.
    todo = sorted((step for step in given if step.action in _CARRIED_OUT), key=_may_wait)
    # Money: only a step that was given may be unlocked; the others were not asked for.
    waiting = [step for step in given if step.action is Action.WAIT]
    listener(RunStarted(steps=sum(step.action is not Action.REUSE for step in todo) + len(waiting)))
    work = _Work(_Chain(waiting, plan.grounds, _chosen(plan)), bench, listener, stop, fail_fast=fail_fast)
    await executor.spread(todo, work)
    while again := work.again():
        await executor.spread(again, work)
    work.leave_out()
    outcome = work.outcome(stopped=stop.reason, seconds=clock.elapsed() - begin)
    listener(RunEnded(stored=outcome.stored, failed=len(outcome.without_clip), seconds=outcome.seconds))
    return outcome


# The first that applies is the exit code: a doubt comes before money, money before the key.
_CODES = (
    (Exit.NEEDS_PERSON, frozenset({Kind.UNCLEAR, Kind.PENDING, Kind.UNRECORDED})),
    (Exit.BALANCE, frozenset({Kind.UNPAID})),
    (Exit.KEY, frozenset({Kind.UNAUTHORIZED})),
)


def exit_of(outcome: Outcome) -> Exit:
    """The exit code of a run; what a cap left out counts when nothing else went wrong."""
    if outcome.stopped == INTERRUPTED:
        return Exit.INTERRUPTED
    kinds = {failure.kind for _, failure in outcome.failed}
    for code, meant in _CODES:
        if kinds & meant:
            return code
    if Kind.OVER_CAP in kinds:
        return Exit.REFUSED
    if kinds:
        return Exit.TAKES_FAILED
    return Exit.NEEDS_PERSON if outcome.left else Exit.DONE


def _may_wait(step: Step) -> bool:
    return step.action is Action.SUBMIT


class _Work:
    """What a worker does with one step, and what it makes possible."""

    def __init__(self, chain: "_Chain", bench: Bench, listener: Listener, stop: Stop, *, fail_fast: bool) -> None:
        self._stored = self._named = self._left = 0
        self._failures: list[tuple[Step, Failure]] = []
        self._over_cap: list[tuple[Step, Failure]] = []
        self._chain, self._listener, self._stop, self._fail_fast = chain, listener, stop, fail_fast
        self._bench = replace(bench, started=self._started, held=self._held)
        self._last_held: dict[str, tuple[str, float]] = {}
        self._elsewhere: Counter[tuple[str, str]] = Counter()
        self._begun: set[str] = set()

    def outcome(self, *, stopped: str, seconds: float) -> Outcome:
        """What was done so far."""
        return Outcome(
            stored=self._stored,
            named=self._named,
            failed=tuple(self._failures),
            elsewhere=tuple((who, count, why) for (who, why), count in sorted(self._elsewhere.items())),
            left=self._left,
            stopped=stopped,
            seconds=seconds,
        )

    async def __call__(self, step: Step) -> Iterable[Step]:
        if self._stop.asked or step.fingerprint in self._begun:
            self._left += self._stop.asked and step.action is Action.RESUME  # running since an earlier run
            return ()
        self._begun.add(step.fingerprint)
        result = await carry_out(step, self._bench)
        if isinstance(result, Failure):
            self._failed(step, result)
            return ()
        return self._kept(step, result)

    def again(self) -> tuple[Step, ...]:
        """The steps that a cap left out, when there may be room now: a gateway refused what had taken it."""
        if self._stop.asked or not self._bench.purse.take_freed():
            return ()
        steps = tuple(step for step, _ in self._over_cap)
        self._over_cap.clear()
        self._begun.difference_update(step.fingerprint for step in steps)
        return steps

    def leave_out(self) -> None:
        """Tells of the steps that a cap left out for good."""
        for step, failure in self._over_cap:
            self._failures.append((step, failure))
            self._tell(step, StepFailed(step=step, failure=failure))

    def _started(self, step: Step) -> None:
        self._tell(step, StepStarted(step=step))

    def _held(self, provider: str, why: str, seconds: float) -> None:
        """Tells once of what several steps were told in the same moment."""
        told = why, float(f"{seconds:.1g}")
        if self._last_held.get(provider) != told:
            self._last_held[provider] = told
            self._listener(ProviderHeld(provider=provider, why=why, seconds=seconds))

    def _failed(self, step: Step, failure: Failure) -> None:
        if failure.kind is Kind.STOPPED:  # no failure: it was not begun, or its task is left to the next run
            self._left += failure.running
            return
        if failure.kind is Kind.OVER_CAP:  # told at the end: room may come yet
            self._over_cap.append((step, failure))
            return
        self._failures.append((step, failure))
        self._tell(step, StepFailed(step=step, failure=failure))
        if ALLOWS[failure.kind].stops_run:
            self._stop.ask(failure.why)
        elif self._fail_fast:
            self._stop.ask("a take failed, and --fail-fast was asked for", leave=False)

    def _kept(self, step: Step, kept: Kept) -> Iterable[Step]:
        if kept.unnamed is not None:
            self._failures.append((step, kept.unnamed))
        elif step.action is Action.REUSE:
            self._named += 1
        self._stored += step.action is not Action.REUSE
        if kept.instead:
            self._elsewhere[kept.provider, kept.instead] += 1
        self._tell(step, StepStored(step=step, artifact=kept.artifact, cost=kept.cost))
        more = self._chain.after(step, kept.artifact.digest)
        if more:
            self._listener(StepsUnlocked(steps=len(more)))
        return more

    def _tell(self, step: Step, event: Event) -> None:
        if step.action is not Action.REUSE:  # a name given again is no news
            self._listener(event)


def _chosen(plan: Plan) -> dict[str, str]:
    """The digests of first takes that are there already."""
    there = ((step, step.standing) for step in plan.having(Action.REUSE))
    return {
        use.shot.id: standing.digest
        for step, standing in there
        if standing is not None and standing.digest is not None
        for use in step.uses
        if use.take == 1
    }


class _Chain:
    """Which waiting steps are unlocked by which shot."""

    def __init__(self, waiting: Iterable[Step], grounds: Grounds, chosen: Mapping[str, str]) -> None:
        self._grounds = grounds
        self._chosen = dict(chosen)
        self._by_giver: dict[str, list[Step]] = {}
        for step in waiting:
            for giver in step.waits_for:
                self._by_giver.setdefault(giver, []).append(step)

    def after(self, step: Step, digest: str) -> tuple[Step, ...]:
        """The steps that can go on now that this one's clip is in the store."""
        shots = [use.shot.id for use in step.uses if use.take == 1]
        self._chosen.update(dict.fromkeys(shots, digest))
        waiting = [step for shot in shots for step in self._by_giver.pop(shot, ())]
        found = unlocked(waiting, self._grounds, self._chosen) if waiting else ()
        return tuple(step for step in found if step.action in _CARRIED_OUT)  # one may be in doubt since an earlier run
