"""How far a run is, counted from its events: for the live table and for lines."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.pacing.remaining_time import ProviderPace, remaining_seconds
from hailuo_batch.core.plan.event import (
    Event,
    RunStarted,
    StepFailed,
    StepStarted,
    StepStored,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Action, ClipSource, Step
from hailuo_batch.core.trace import WaitReason
from hailuo_batch.views.format import count, format_duration, join_amounts, safe_text, single_line
from hailuo_batch.views.run_chains import RunChains

MonotonicClock = Callable[[], float]  # seconds since some moment, never going back

# What ended without a clip and is no failure: it is not over, or was never begun.
_OUTCOME_WORDS = {
    FailureKind.OVER_CAP: "left out",
    FailureKind.CLOSED: "not submitted",
    FailureKind.UNKNOWN_OUTCOME: "in doubt",
    FailureKind.PENDING: "left running",
    FailureKind.UNRECORDED: "not recorded",
}
# What is said of stored clips that were on this machine before.
SOURCE_WORDS = {
    ClipSource.OTHER_STORE: "copied from another project or worktree",
    ClipSource.RENDERS: "restored from renders/",
    ClipSource.STORE: "in the store already, as the lock says",
}


def outcome_word(failure: Failure) -> str:
    """How it is said that a step ended without a clip."""
    return _OUTCOME_WORDS.get(failure.kind, "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """A step under way, since when, and who makes it."""

    step: Step
    provider: str
    since: float


class RunProgress:
    """How far a run is."""

    def __init__(self, now: MonotonicClock) -> None:
        self.now = now
        self.start = now()
        self.steps = self.stored = self.bytes = 0
        self.without_clip: Counter[str] = Counter()  # steps without a clip, by how that is called
        self.running: dict[str, RunningStep] = {}
        self.stopping = False
        self.waits: dict[int, tuple[WaitStarted, float]] = {}  # of submits, and since when
        self._polls: dict[str, tuple[WaitStarted, float]] = {}  # the last wait of each step under way
        self._chains = RunChains()
        self.paces: dict[str, ProviderPace] = {}
        self._costs: dict[str, Money | None] = {}
        self.is_estimated = False  # whether a part of the cost is by the price list
        self._left: Counter[str] = Counter()  # submits to come, by the provider that was planned
        self._submits: defaultdict[str, dict[str, float]] = defaultdict(dict)  # when a take was submitted, by provider
        self._stored: Counter[str] = Counter()
        self._render_times: defaultdict[str, list[float]] = defaultdict(list)

    def add_event(self, event: Event) -> None:
        """Counts an event."""
        match event:
            case RunStarted(steps=steps, paces=paces, waiting=waiting):
                self._chains = RunChains(waiting)
                self.steps, self.start = steps, self.now()
                self.paces = {pace.provider: pace for pace in paces}
                self._left.update({pace.provider: pace.submits for pace in paces})
            case StepStarted():
                self._add_start(event)
            case StepStored():
                self._add_clip(event)
            case StepFailed():
                self._add_failure(event)
            case WaitStarted(step=None):
                self.waits[event.number] = event, self.now()
            case WaitStarted(step=Step() as step):
                self._polls[step.fingerprint] = event, self.now()
            case WaitEnded(number=number):
                self.waits.pop(number, None)
            case Stopping():
                self.stopping = True

    def _add_start(self, event: StepStarted) -> None:
        step, now = event.step, self.now()
        self.running[step.fingerprint] = RunningStep(step=step, provider=event.provider, since=now)
        if step.action is not Action.SUBMIT:
            return
        if not any(step.fingerprint in submits for submits in self._submits.values()):
            self._left[step.route.provider] -= 1
        self._submits[event.provider][step.fingerprint] = now
        self._costs[step.fingerprint] = _find_estimate(step, event.provider)

    def _add_clip(self, event: StepStored) -> None:
        self.stored, self.bytes = self.stored + 1, self.bytes + event.clip.size
        self._stored[event.provider] += 1
        self._chains.add_clip(event.step)
        begun = self.running.pop(event.step.fingerprint, None)
        self._polls.pop(event.step.fingerprint, None)
        if event.step.fingerprint not in self._costs:  # bought by an earlier run
            return
        if begun is not None:
            self._render_times[event.provider].append(self.now() - begun.since)
        if event.cost is not None:
            self._costs[event.step.fingerprint] = event.cost
        elif self._costs[event.step.fingerprint] is not None:
            self.is_estimated = True

    def _add_failure(self, event: StepFailed) -> None:
        step = event.step
        self.without_clip[outcome_word(event.failure)] += 1
        self._polls.pop(step.fingerprint, None)
        if self.running.pop(step.fingerprint, None) is None:
            self._left[step.route.provider] -= 1
        for follower in self._chains.drop_followers(step):
            self._left[follower.route.provider] -= 1
        if FAILURE_POLICIES[event.failure.kind].next_provider:  # proved not to be accepted
            self._costs.pop(step.fingerprint, None)

    @property
    def ended_steps(self) -> int:
        """Steps that have ended."""
        return self.stored + self.without_clip.total()

    def step_wait(self, step: Step) -> tuple[WaitStarted, float] | None:
        """What a step under way waits for, and how many seconds are left; None when it works."""
        if (found := self._polls.get(step.fingerprint)) is None or found[0].line.seconds is None:
            return None
        wait, since = found
        left = (wait.line.seconds or 0.0) - (self.now() - since)
        return (wait, left) if left > 0 else None

    def cost_text(self) -> str:
        """What was bought in this run so far; by the price list where takes run, or no actual cost is reported."""
        known = [cost for cost in self._costs.values() if cost is not None]
        if not known:
            return ""
        is_estimate = self.is_estimated or any(mark in self._costs for mark in self.running)
        return f"{'estimated cost' if is_estimate else 'cost'} {join_amounts(sum_by_currency(known))}"

    def remaining_seconds(self) -> float | None:
        """Seconds until the end; None while nothing is known of how long takes are under way."""
        if not any(pace.submits for pace in self.paces.values()):
            took = self.now() - self.start
            return took / self.ended_steps * (self.steps - self.ended_steps) if self.ended_steps else None
        every = [seconds for times in self._render_times.values() for seconds in times]
        if not every:
            return None
        now, usual = self.now(), sum(every) / len(every)
        begun = {use.shot.id: now - each.since for each in self.running.values() for use in each.step.uses}
        chains = self._chains.remaining_seconds(begun, render=usual)
        return max(chains, *(self._remaining_at(pace, now, usual) for pace in self.paces.values()))

    def _remaining_at(self, pace: ProviderPace, now: float, usual: float) -> float:
        times = self._render_times[pace.provider]
        return remaining_seconds(
            pace,
            left=max(0, self._left[pace.provider]),
            submitted=[now - at for at in self._submits[pace.provider].values()] if pace.per_minute else [],
            running=[now - each.since for each in self.running.values() if each.provider == pace.provider],
            stored=self._stored[pace.provider],
            render=sum(times) / len(times) if times else usual,
        )


def _find_estimate(step: Step, provider: str) -> Money | None:
    ways = (step.route, *step.route.fallbacks)
    return next((way.estimate for way in ways if way.provider == provider), None)


def wait_words(wait: WaitStarted, *, pace: ProviderPace | None = None, left: float | None = None) -> str:
    """Why submits wait at a provider, how many, and for how long; `left` is what is left of it."""
    line = wait.line
    takes, those = count(wait.waiting, "take"), "waits" if wait.waiting == 1 else "wait"
    again = max(0.0, left if left is not None else line.seconds or 0.0)
    match line.reason:
        case WaitReason.FIRST_CLIPS:
            words = f"{single_line(line.why)}; {wait.waiting:,} {those} until one is stored"
        case WaitReason.OWN_PACE:
            most = f"at most {pace.per_minute:g} submits a minute; " if pace and pace.per_minute else ""
            words = f"{most}{takes} {those}, the next one goes in {format_duration(again)}"
        case WaitReason.CONCURRENCY:
            words = f"as many takes are under way as may be; {wait.waiting:,} {those} for a place"
        case _:
            words = f"{single_line(line.why) or 'too fast'}; trying again in {format_duration(again)}"
    return f"{safe_text(line.gateway)}: {words}"


def step_wait_words(wait: WaitStarted, left: float) -> str:
    """What a running take waits for."""
    seconds = f"{left:.0f} s"
    if wait.line.reason is WaitReason.POLL:
        return f"next poll in {seconds}"
    if wait.line.reason is WaitReason.OWN_PACE:
        return f"our poll pace, {seconds}"
    why = "too fast" if wait.line.reason is WaitReason.THROTTLED else "trouble"
    return f"{why}, again in {seconds}"
