"""How far a run is, counted from its events: for the live table, for lines and for JSON."""

from collections import Counter, defaultdict, deque
from dataclasses import replace
from enum import StrEnum

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.pacing.rate_limit import SHARE_GAIN
from hailuo_batch.core.pacing.remaining_time import ProviderPace, remaining_seconds
from hailuo_batch.core.plan.event import (
    CapsCounted,
    Event,
    RunStarted,
    StepAccepted,
    StepFailed,
    StepPostponed,
    StepProduced,
    StepQuoted,
    StepStarted,
    StepStored,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.values import dataclass
from hailuo_batch.views.progress.clocks import MonotonicClock
from hailuo_batch.views.progress.outcome_words import outcome_word
from hailuo_batch.views.progress.render_times import RenderTimes
from hailuo_batch.views.progress.run_chains import RunChains
from hailuo_batch.views.progress.run_money import RunMoney

_CALM_SECONDS, _CALM_PART = 15.0, 0.1  # news that would move the end away by less is not worth a jump
_MAX_SUBMITS = 1000  # submits of a minute that are remembered; no gateway takes more


class TakeState(StrEnum):
    """Where a take under way is."""

    SUBMITTING = "submitting"
    POSTPONED = "to be submitted again"
    RENDERING = "rendering"
    DOWNLOADING = "downloading"
    DRAWING = "drawing"  # on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStep:
    """A step under way: since when, who makes it, and where it is."""

    step: Step
    provider: str
    since: float
    state: TakeState


class RunProgress:
    """How far a run is; `now` reads the clock."""

    def __init__(self, now: MonotonicClock) -> None:
        self.now = now
        self.start = self._last_end = now()
        self.steps = self.stored = self.bytes = 0
        self.without_clip: Counter[str] = Counter()  # steps without a clip, by how that is called
        self.running: dict[str, RunningStep] = {}
        self.waiting: dict[str, Step] = {}  # for a frame, by their first take
        self.stopping = False
        self.waits: dict[int, tuple[WaitStarted, float]] = {}  # of submits, and since when
        self.paces: dict[str, ProviderPace] = {}
        self.money, self.caps = RunMoney(), tuple[CapLeft, ...]()
        self.times = RenderTimes()
        self._polls: dict[str, tuple[WaitStarted, float]] = {}  # the last wait of each step under way
        self._chains = RunChains()
        self._left: Counter[str] = Counter()  # submits to come, by the provider that was planned
        self._begun: set[str] = set()  # submits that are no longer to come
        self._submits: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MAX_SUBMITS))  # when
        self._stored: Counter[str] = Counter()
        self._held_until: dict[str, float] = {}  # by provider, since a submit was postponed
        self._end: float | None = None
        self._has_news = True  # whether more has happened since the end was estimated than that time passed

    def add_event(self, event: Event) -> None:
        """Counts an event."""
        self._has_news = self._has_news or not _is_expected(event)
        match event:
            case RunStarted():
                self._begin(event)
            case CapsCounted(left=left):
                self.caps = left
            case WaitStarted():
                self._add_wait(event)
            case WaitEnded(number=number):
                self.waits.pop(number, None)
            case Stopping():
                self.stopping = True
            case _:
                self._add_step_event(event)

    def _add_step_event(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._add_start(event)
            case StepAccepted():
                self._accept(event)
            case StepPostponed():
                self._postpone(event)
            case StepProduced(step=step):
                self._set_state(step, TakeState.DOWNLOADING)
            case StepQuoted(step=step, quote=quote):
                self.money.quote(step.fingerprint, quote)
            case StepStored():
                self._add_clip(event)
            case StepFailed():
                self._add_failure(event)

    def _begin(self, event: RunStarted) -> None:
        self._chains, self.times = RunChains(event.waiting), RenderTimes(event.usual_times)
        self.waiting = {_first_take(step): step for step in event.waiting}
        self.steps, self.start = event.steps, self.now()
        self._last_end = self.start
        self.paces = {pace.provider: pace for pace in event.paces}
        self._left.update({pace.provider: pace.submits for pace in event.paces})

    def _add_wait(self, event: WaitStarted) -> None:
        if event.step is not None:
            self._polls[event.step.fingerprint] = event, self.now()
            return
        self.waits[event.number] = event, self.now()
        self._set_share(event.line.gateway, event.share)

    def _set_share(self, provider: str, share: float) -> None:
        if pace := self.paces.get(provider):
            self.paces[provider] = replace(pace, share=share)

    def _add_start(self, event: StepStarted) -> None:
        step, now = event.step, self.now()
        is_submit = step.action is Action.SUBMIT
        state = TakeState.SUBMITTING if is_submit and step.source is None else TakeState.DOWNLOADING
        self.running[step.fingerprint] = RunningStep(
            step=step,
            provider=event.provider,
            since=now - event.age,
            state=TakeState.DRAWING if is_local(event.provider) else state,
        )
        self.waiting.pop(_first_take(step), None)
        if not is_submit:
            return
        if step.fingerprint not in self._begun:
            self._begun.add(step.fingerprint)
            self._left[step.route.provider] -= 1
        self._submits[event.provider].append(now)
        self.money.reserve(step.fingerprint, _find_estimate(step, event.provider))

    def _set_state(self, step: Step, state: TakeState) -> None:
        if (known := self.running.get(step.fingerprint)) is not None and known.state is not TakeState.DRAWING:
            self.running[step.fingerprint] = replace(known, state=state)

    def _accept(self, event: StepAccepted) -> None:
        self._set_state(event.step, TakeState.RENDERING)
        pace = self.paces.get(event.provider)
        if pace is not None and pace.share < 1 and event.step.action is Action.SUBMIT:
            self.paces[pace.provider] = replace(pace, share=min(1.0, pace.share + SHARE_GAIN))

    def _postpone(self, event: StepPostponed) -> None:
        step = event.step
        self._set_share(event.provider, event.share)
        self._held_until[event.provider] = self.now() + event.seconds
        self._set_state(step, TakeState.POSTPONED)
        self._begun.discard(step.fingerprint)
        self._left[step.route.provider] += 1
        self.money.release(step.fingerprint)

    def _add_clip(self, event: StepStored) -> None:
        step, mark = event.step, event.step.fingerprint
        self.stored, self.bytes, self._last_end = self.stored + 1, self.bytes + event.clip.size, self.now()
        self._stored[event.provider] += 1
        self._chains.add_clip(step)
        begun = self.running.pop(mark, None)
        self._polls.pop(mark, None)
        if begun is not None and self.money.counts(mark):
            self.times.add(step, event.provider, self.now() - begun.since)
        self.money.spend(mark, event.cost)

    def _add_failure(self, event: StepFailed) -> None:
        step, mark, kind = event.step, event.step.fingerprint, event.failure.kind
        self._last_end = self.now()
        self.without_clip[outcome_word(event.failure)] += 1
        self._polls.pop(mark, None)
        self.running.pop(mark, None)
        self.waiting.pop(_first_take(step), None)
        if step.action is Action.SUBMIT and mark not in self._begun:
            self._left[step.route.provider] -= 1
        for follower in self._chains.drop_followers(step):
            self.waiting.pop(_first_take(follower), None)
            self._left[follower.route.provider] -= 1
        if FAILURE_POLICIES[kind].next_provider:  # proved not to be accepted
            self.money.release(mark)
        elif FAILURE_POLICIES[kind].leaves_doubt:
            self.money.doubt(mark)
        elif kind is not FailureKind.PENDING:
            self.money.spend(mark, None)

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

    @property
    def slow_takes(self) -> int:
        """How many takes are under way for longer than most are."""
        now = self.now()
        return sum(self._left_of(each, now) == 0 for each in self.running.values() if self._is_followed(each))

    def _is_followed(self, each: RunningStep) -> bool:
        return each.state is not TakeState.POSTPONED and self.times.usual(each.step, each.provider) is not None

    def wait_left(self, wait: WaitStarted, since: float) -> float | None:
        """How many seconds are left of a wait of submits; None where the work of another step ends it."""
        return None if wait.line.seconds is None else max(0.0, wait.line.seconds - (self.now() - since))

    def remaining_seconds(self) -> float | None:
        """Seconds until the end; None while nothing is known of how long takes are under way.

        The end does not move away while only time passes: what was waited for was counted. 0 when it was to be over.
        """
        now, left = self.now(), self._estimate_remaining()
        if left is None:
            return None
        end = now + left
        if self._end is not None and not (self._has_news and end - self._end > max(_CALM_SECONDS, left * _CALM_PART)):
            end = min(self._end, end)
        self._end, self._has_news = end, False
        return max(0.0, end - now)

    def _estimate_remaining(self) -> float | None:
        if not self.paces:  # drawn on this machine: as fast as so far
            took = self._last_end - self.start
            per_step = took / self.ended_steps if self.ended_steps else None
            left = self.steps - self.ended_steps
            return None if per_step is None else max(0.0, per_step * left - (self.now() - self._last_end))
        usual = self.times.of_provider()
        if usual is None:
            return None
        now = self.now()
        begun = {use.shot.id: now - each.since for each in self.running.values() for use in each.step.uses}
        chains = self._chains.remaining_seconds(begun, render=usual.at_most)
        return max(chains, *(self._remaining_at(pace, now) for pace in self.paces.values()))

    def _remaining_at(self, pace: ProviderPace, now: float) -> float:
        usual = self.times.of_provider(pace.provider) or self.times.of_provider()
        mine = [each for each in self.running.values() if each.provider == pace.provider]
        waits = [wait for wait in self.waits.values() if wait[0].line.gateway == pace.provider]
        held = [self.wait_left(*wait) or 0.0 for wait in waits]
        assert usual is not None  # noqa: S101 - the caller has checked
        return remaining_seconds(
            pace,
            left=max(0, self._left[pace.provider]),
            submitted=[now - at for at in self._submits[pace.provider]] if pace.per_minute else [],
            ends=[self._left_of(each, now) for each in mine if each.state is not TakeState.POSTPONED],
            stored=self._stored[pace.provider],
            render=usual.seconds,
            at_most=usual.at_most,
            held=max(0.0, self._held_until.get(pace.provider, 0.0) - now, *held),
        )

    def _left_of(self, running: RunningStep, now: float) -> float:
        usual = self.times.usual(running.step, running.provider) or self.times.of_provider()
        return 0.0 if usual is None else max(0.0, usual.at_most - (now - running.since))


def _is_expected(event: Event) -> bool:
    """Whether an event says only that time passes: a poll begins or ends, or a wait is over."""
    return isinstance(event, WaitEnded) or (isinstance(event, WaitStarted) and event.step is not None)


def _first_take(step: Step) -> str:
    return step.take_names[0].label


def _find_estimate(step: Step, provider: str) -> Money | None:
    ways = (step.route, *step.route.fallbacks)
    return next((way.estimate for way in ways if way.provider == provider), None)
