"""Plan in, outcome out: hands the steps to the executor, tells the listener, unlocks what waited.

Nothing is decided here: a step says what is to be done, a failure's kind says what it allows.
"""

from collections.abc import Iterable, Mapping

from hailuo_batch.core.decide import unlocked
from hailuo_batch.core.event import (
    Event,
    Listener,
    RunEnded,
    RunStarted,
    StepFailed,
    StepStarted,
    StepStored,
    StepsUnlocked,
)
from hailuo_batch.core.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.outcome import INTERRUPTED, Outcome
from hailuo_batch.core.plan import Action, Grounds, Plan, Step
from hailuo_batch.errors import Exit
from hailuo_batch.ports import Clock, Executor
from hailuo_batch.runner.step import Bench, Kept, carry_out
from hailuo_batch.runner.stop import Stop

_CARRIED_OUT = frozenset({Action.REUSE, Action.SUBMIT, Action.RESUME, Action.FETCH})


async def run_plan(
    plan: Plan, steps: Iterable[Step], bench: Bench, *, executor: Executor, listener: Listener, clock: Clock, stop: Stop
) -> Outcome:
    """Carries out the given steps of a plan; those of them that wait follow when they are unlocked."""
    begin = clock.elapsed()
    given = tuple(steps)
    # What is made already comes home first: links die, and a submit can wait.
    todo = sorted((step for step in given if step.action in _CARRIED_OUT), key=_may_wait)
    # Money: only a step that was given may be unlocked; the others were not asked for.
    waiting = [step for step in given if step.action is Action.WAIT]
    listener(RunStarted(steps=sum(step.action is not Action.REUSE for step in todo) + len(waiting)))
    work = _Work(_Chain(waiting, plan.grounds, _chosen(plan)), bench, listener, stop)
    await executor.spread(todo, work)
    outcome = work.outcome(stopped=stop.reason, seconds=clock.elapsed() - begin)
    listener(RunEnded(stored=outcome.stored, failed=len(outcome.failed), seconds=outcome.seconds))
    return outcome


def exit_of(outcome: Outcome) -> Exit:
    """The exit code of a run; of several that apply, a doubt comes first, then money, then the key."""
    if outcome.stopped == INTERRUPTED:
        return Exit.INTERRUPTED
    kinds = {failure.kind for _, failure in outcome.failed}
    codes = {
        Kind.UNCLEAR: Exit.NEEDS_PERSON,
        Kind.PENDING: Exit.NEEDS_PERSON,
        Kind.UNPAID: Exit.BALANCE,
        Kind.UNAUTHORIZED: Exit.KEY,
    }
    first = next((code for kind, code in codes.items() if kind in kinds), Exit.TAKES_FAILED)
    return first if kinds else Exit.DONE


def _may_wait(step: Step) -> bool:
    return step.action is Action.SUBMIT


class _Work:
    """What a worker does with one step, and what it makes possible."""

    def __init__(self, chain: "_Chain", bench: Bench, listener: Listener, stop: Stop) -> None:
        self._stored = self._named = 0
        self._failures: list[tuple[Step, Failure]] = []
        self._chain, self._bench, self._listener, self._stop = chain, bench, listener, stop
        self._begun: set[str] = set()

    def outcome(self, *, stopped: str, seconds: float) -> Outcome:
        """What was done so far."""
        return Outcome(
            stored=self._stored, named=self._named, failed=tuple(self._failures), stopped=stopped, seconds=seconds
        )

    async def __call__(self, step: Step) -> Iterable[Step]:
        if self._stop.asked or step.fingerprint in self._begun:
            return ()
        self._begun.add(step.fingerprint)
        self._tell(step, StepStarted(step=step))
        result = await carry_out(step, self._bench)
        if isinstance(result, Failure):
            self._failed(step, result)
            return ()
        return self._kept(step, result)

    def _failed(self, step: Step, failure: Failure) -> None:
        self._failures.append((step, failure))
        self._tell(step, StepFailed(step=step, failure=failure))
        if ALLOWS[failure.kind].stops_run:
            self._stop.ask(failure.why)

    def _kept(self, step: Step, kept: Kept) -> Iterable[Step]:
        if kept.unnamed is not None:
            self._failures.append((step, kept.unnamed))
        elif step.action is Action.REUSE:
            self._named += 1
        self._stored += step.action is not Action.REUSE
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
