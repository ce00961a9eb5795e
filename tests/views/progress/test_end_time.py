"""When a run will end, by a scripted clock: waiting that was counted never moves the end away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from view_samples import clip, failure, step

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.pacing.rate_limit import (
    RateState,
    accept_submit,
    fail_submit,
    remove_task,
    start_submit,
    submit_delay,
    throttle,
)
from hailuo_batch.core.pacing.remaining_time import ProviderPace, UsualTime
from hailuo_batch.core.plan.event import (
    Event,
    RunStarted,
    StepAccepted,
    StepPostponed,
    StepStarted,
    StepStored,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.views.progress.run_progress import RunProgress

GATEWAY = "minimax"
USUAL = UsualTime(provider=GATEWAY, resolution="768p", duration="6", seconds=60.0, at_most=60.0)


@dataclass
class Play:
    """A run second by second: the real pace of submits, given lengths of clips, and "too fast" at given submits."""

    lengths: Sequence[float]
    per_minute: float | None = 5
    at_once: int | None = 50
    too_fast: tuple[int, ...] = ()
    known: tuple[UsualTime, ...] = (USUAL,)
    now: float = 0.0
    surprises: set[float] = field(default_factory=set)
    ends: list[tuple[float, float]] = field(default_factory=list)  # a second, and the end that is expected in it

    def __post_init__(self) -> None:
        self.pace = RateState(per_minute=self.per_minute, max_running=self.at_once, max_unanswered=64)
        self.progress = RunProgress(lambda: self.now)
        route = Route(provider=GATEWAY, estimate=None)
        self.queue = [replace(step(f"s{n}"), route=route) for n in range(len(self.lengths))]
        self.under_way: dict[str, tuple[Step, float]] = {}
        self.wait: WaitStarted | None = None
        self.submits = 0

    def play(self) -> None:
        pace = ProviderPace(
            provider=GATEWAY, submits=len(self.lengths), per_minute=self.per_minute, at_once=self.at_once
        )
        self.tell(RunStarted(steps=len(self.lengths), paces=(pace,), usual_times=self.known))
        while self.queue or self.under_way:
            self.store_clips()
            self.submit()
            if (left := self.progress.remaining_seconds()) is not None:
                self.ends.append((self.now, self.now + left))
            self.now += 1
        self.now -= 1

    def tell(self, event: Event) -> None:
        self.progress.add_event(event)

    def store_clips(self) -> None:
        for mark, (each, ready) in [*self.under_way.items()]:
            if ready <= self.now:
                del self.under_way[mark]
                self.pace = remove_task(self.pace)
                self.tell(StepStored(step=each, provider=GATEWAY, clip=clip()))

    def submit(self) -> None:
        while self.queue and (pause := submit_delay(self.pace, self.now)) == 0:
            self.end_wait()
            self.pace = start_submit(self.pace, self.now)
            self.submits += 1
            each = self.queue.pop(0)
            self.tell(StepStarted(step=each, provider=GATEWAY))
            if self.submits in self.too_fast:
                self.refuse(each)
                continue
            self.pace = accept_submit(self.pace)
            number = int(each.take_names[0].shot[1:])
            self.under_way[each.fingerprint] = each, self.now + self.lengths[number]
            self.tell(StepAccepted(step=each, provider=GATEWAY, task=each.fingerprint))
        if self.queue and pause and self.wait is None:
            is_asked = self.pace.not_before > self.now
            reason = WaitReason.THROTTLED if is_asked else WaitReason.OWN_PACE
            line = WaitLine(reason=reason, seconds=pause, gateway=GATEWAY)
            self.wait = WaitStarted(number=self.submits, line=line, waiting=len(self.queue), share=self.pace.share)
            self.tell(self.wait)

    def refuse(self, each: Step) -> None:
        self.pace = throttle(remove_task(fail_submit(self.pace, is_outcome_known=True)), self.now, 90.0)
        self.queue.insert(0, each)
        self.surprises.add(self.now)
        refused = failure(kind=FailureKind.THROTTLED)
        event = StepPostponed(step=each, provider=GATEWAY, failure=refused, seconds=90.0, share=self.pace.share)
        self.tell(event)

    def end_wait(self) -> None:
        if self.wait is not None:
            self.tell(WaitEnded(number=self.wait.number, line=self.wait.line, seconds=self.wait.line.seconds or 0.0))
            self.wait = None

    def delays(self) -> list[tuple[float, float, float]]:
        """The seconds at which a promised end moved away: when, from, to."""
        pairs = zip(self.ends, self.ends[1:], strict=False)
        return [(now, before, end) for (at, before), (now, end) in pairs if end > before + 1e-6 and before > at]


def even(number: int) -> list[float]:
    """Lengths of clips between half a minute and what most take."""
    return [30.0 + n * 7 % 31 for n in range(number)]


def alike(number: int) -> list[float]:
    return [60.0] * number


@pytest.mark.parametrize("lengths", [even, alike])
@pytest.mark.parametrize(
    ("per_minute", "at_once", "too_fast"),
    [
        (5, 50, ()),
        (5, 50, (7,)),
        (5, 50, (3, 11, 12)),
        (None, 4, ()),
        (60, 50, (2,)),
        (20, 6, (9,)),
        (0.5, 50, ()),
    ],
    ids=str,
)
def test_the_end_moves_away_by_a_surprise_alone(
    lengths: Callable[[int], list[float]], per_minute: float | None, at_once: int, too_fast: tuple[int, ...]
) -> None:
    """Five a minute, answers of "too fast", takes that wait for a place: all that is waited for was counted."""
    play = Play(lengths(24), per_minute=per_minute, at_once=at_once, too_fast=too_fast)
    play.play()
    assert [each for each in play.delays() if each[0] not in play.surprises] == []
    assert play.ends[-1][1] >= play.now


@pytest.mark.parametrize("too_fast", [(), (7,)])
def test_the_end_is_about_right_from_the_first_second(too_fast: tuple[int, ...]) -> None:
    play = Play(alike(24), too_fast=too_fast)
    play.play()
    last_surprise = max(play.surprises, default=-1.0)
    (now, end), *_ = [each for each in play.ends if each[0] > last_surprise]
    assert end - now == pytest.approx(play.now - now, rel=0.1 if too_fast else 0.02)


def test_one_slow_clip_ends_the_promise_and_makes_no_new_one() -> None:
    """The last clip takes ten minutes: the end stays where it was until it is over, and then says no more."""
    play = Play([50.0] * 5 + [600.0])
    play.play()
    assert play.delays() == []
    last = [end - now for now, end in play.ends if now > 200]
    assert set(last) == {0.0}


def test_without_a_clip_and_without_a_past_nothing_is_promised() -> None:
    play = Play(alike(3), known=())
    play.play()
    assert play.ends[0][0] >= 60
