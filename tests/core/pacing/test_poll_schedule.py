"""Learnt looks against a fixed interval, in a simulation of clips whose times are drawn from a law."""

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.pacing.poll_schedule import (
    _MAX_POLLS,
    _MIN_SURVIVAL,
    _SCALES,
    MAX_DEVIATION,
    MAX_PAUSE,
    MIN_CLIPS,
    MIN_DEVIATION,
    MIN_PAUSE,
    LogNormal,
    PollPace,
    _find_scale,
    _hazard,
    _partial_mean,
    _survival,
    _walk_polls,
    fit_log_normal,
    poll_ages,
    poll_pace,
    poll_pause,
)

EVERY = PollPace(10.0)
CLIPS = 2000
Law = Callable[[random.Random], float]


def followed(seconds: float, known: LogNormal | None) -> tuple[int, float]:
    """How many looks a clip took that was ready after so long, and how long it waited for the last of them."""
    age, looks = 0.0, 0
    while True:
        age += poll_pause(known, age, EVERY)
        looks += 1
        if age >= seconds:
            return looks, age - seconds


def simulated(law: Law, known: LogNormal | None, *, seed: int = 1) -> tuple[float, float]:
    """Looks per clip and the mean delay."""
    chance = random.Random(seed)  # noqa: S311 - it has to be repeatable, not secret
    all_of_them = [followed(law(chance), known) for _ in range(CLIPS)]
    return sum(looks for looks, _ in all_of_them) / CLIPS, sum(delay for _, delay in all_of_them) / CLIPS


def learnt(law: Law, *, clips: int = 200) -> LogNormal:
    chance = random.Random(2)  # noqa: S311
    found = fit_log_normal([law(chance) for _ in range(clips)])
    assert found is not None
    return found


def almost_alike(chance: random.Random) -> float:
    return 180 * math.exp(chance.gauss(0, 0.05))


def anything_between(chance: random.Random) -> float:
    return chance.uniform(60, 300)


def now_and_then_late(chance: random.Random) -> float:
    return 90 * math.exp(chance.gauss(0, 0.6))


def test_clips_that_are_almost_alike_take_a_quarter_of_the_looks_and_wait_no_longer():
    fixed, delay = simulated(almost_alike, None)
    looks, waited = simulated(almost_alike, learnt(almost_alike))
    assert looks <= fixed / 4
    assert waited <= delay


def test_clips_that_take_anything_from_one_to_five_minutes_take_fewer_looks():
    fixed, delay = simulated(anything_between, None)
    looks, waited = simulated(anything_between, learnt(anything_between))
    assert looks < fixed
    assert waited <= delay * 1.05


def test_clips_that_are_late_now_and_then_take_fewer_looks():
    fixed, delay = simulated(now_and_then_late, None)
    looks, waited = simulated(now_and_then_late, learnt(now_and_then_late))
    assert looks < fixed
    assert waited <= delay * 1.05


@pytest.mark.parametrize(("every", "ages"), [(10.0, [2, 4, 8, 16, 26, 36]), (2.0, [2, 4, 6, 8, 10, 12])])
def test_what_is_not_known_is_polled_soon_and_then_as_the_gateway_advises(every: float, ages: list[float]):
    found = [0.0]
    for _ in ages:
        found.append(found[-1] + poll_pause(None, found[-1], poll_pace(None, every)))
    assert found[1:] == ages


@pytest.mark.parametrize(
    ("usual", "pace"),
    [(0.5, (0.5, 0.25)), (3.0, (0.75, 0.25)), (12.0, (3.0, 1.0)), (40.0, (10, 2)), (150, (10, 2))],
)
def test_fast_clips_have_a_faster_pace_and_slow_ones_the_gateways(usual: float, pace: tuple[float, float]):
    found = poll_pace(LogNormal(mean=math.log(usual), deviation=0.3), 10.0)
    assert found == pytest.approx(pace)


def test_a_few_clips_prove_nothing():
    assert fit_log_normal([100.0] * (MIN_CLIPS - 1)) is None
    assert fit_log_normal([100.0] * (MIN_CLIPS - 1) + [0.0, -3.0]) is None, "a clock that went back tells no time"
    assert fit_log_normal([100.0] * MIN_CLIPS) == LogNormal(mean=round(math.log(100), 2), deviation=MIN_DEVIATION)


def test_clips_that_have_nothing_in_common_are_not_believed_to_be_wider_than_a_law_allows():
    found = fit_log_normal([0.01, 1e6] * MIN_CLIPS)
    assert found is not None
    assert found.deviation == MAX_DEVIATION


HISTORIES = st.builds(
    LogNormal,
    mean=st.floats(math.log(3), math.log(1800)).map(lambda mean: round(mean, 2)),
    deviation=st.floats(MIN_DEVIATION, MAX_DEVIATION).map(lambda deviation: round(deviation, 2)),
)


@settings(deadline=None, max_examples=50)
@given(HISTORIES, st.floats(0.0, 5000.0), st.sampled_from([3.0, 5.0, 10.0]))
def test_a_pause_is_never_shorter_than_what_a_gateway_bears_nor_longer_than_somebody_waits(
    known: LogNormal, age: float, every: float
):
    pace = poll_pace(known, every)
    found = poll_pause(known, age, pace)
    assert found >= pace.shortest / 2
    first = poll_ages(known, pace)[0]
    assert age + found <= max(first, age + MAX_PAUSE + MIN_PAUSE) + 1e-6


@settings(deadline=None, max_examples=50)
@given(HISTORIES, st.sampled_from([5.0, 10.0]))
def test_looks_go_on_as_long_as_a_task_runs(known: LogNormal, every: float):
    age, pace = 0.0, poll_pace(known, every)
    for _ in range(400):
        age += poll_pause(known, age, pace)
    assert age > poll_ages(known, pace)[-1]


def test_the_first_look_comes_when_a_clip_may_be_ready_and_not_before():
    first = poll_ages(LogNormal(mean=math.log(180), deviation=0.05), EVERY)[0]
    assert 140 < first < 180


@pytest.mark.parametrize("late", [600.0, 1200.0])
def test_a_clip_that_is_far_too_late_is_looked_at_less_and_less(late: float):
    found = poll_pause(LogNormal(mean=math.log(60), deviation=0.1), late, EVERY)
    assert EVERY.interval <= found <= MAX_PAUSE


def ages_by_definition(times: LogNormal, scale: float) -> list[float]:
    """The definition: halving for each gap."""
    polls: list[float] = []
    while len(polls) < _MAX_POLLS and (not polls or _survival(times, polls[-1]) > _MIN_SURVIVAL):
        last = polls[-1] if polls else 0.0
        end = MAX_PAUSE if polls else max(MIN_PAUSE, math.exp(times.mean + 4 * times.deviation))

        def is_short(gap: float, last: float = last) -> bool:
            return gap**2 * _hazard(times, last + gap) < scale**2

        polls.append(last + halve(MIN_PAUSE, end, is_short))
    return polls


def mean_delay(times: LogNormal, polls: list[float]) -> float:
    ages = [0.0, *polls]
    return sum(
        age * (_survival(times, before) - _survival(times, age))
        - (_partial_mean(times, age) - _partial_mean(times, before))
        for before, age in pairwise(ages)
    )


def halve(low: float, high: float, holds: Callable[[float], bool]) -> float:
    while high > low * 1.01:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


ANY_TIMES = st.builds(
    LogNormal,
    mean=st.floats(-2, 11).map(lambda mean: round(mean, 2)),
    deviation=st.floats(MIN_DEVIATION, MAX_DEVIATION).map(lambda deviation: round(deviation, 2)),
)
STEEP = LogNormal(mean=4.0, deviation=MIN_DEVIATION)  # single gaps lead far into the tail


@settings(deadline=None, max_examples=60)
@given(ANY_TIMES, st.floats(-1.0, 2.0))
@example(STEEP, 1.1)
def test_the_polls_are_those_of_the_definition(known: LogNormal, power: float):
    found = [age for age, _ in _walk_polls(known, 10**power, MIN_PAUSE)]
    assert found == pytest.approx(ages_by_definition(known, 10**power), rel=0, abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(ANY_TIMES, st.sampled_from([1.0, 2.5, 5.0, 10.0, 30.0]))
@example(STEEP, 30.0)
def test_clips_wait_as_long_as_they_may_and_no_longer(known: LogNormal, every: float):
    scale = _find_scale(known, PollPace(every))
    delay, more = (mean_delay(known, ages_by_definition(known, each)) for each in (scale, 1.02 * scale))
    assert delay < every / 2 or scale == _SCALES[0], "nothing is polled faster than the shortest pause"
    assert more >= every / 2 or 1.02 * scale > _SCALES[1]
