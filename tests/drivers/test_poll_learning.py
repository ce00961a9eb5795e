"""What looks learn from what they see themselves: clips are followed one after another, as a driver does it."""

import math
import random
from collections.abc import Callable

import pytest

from hailuo_batch.core.pacing.progress_eta import ProgressSample
from hailuo_batch.drivers.poll_scheduler import PollScheduler

KIN = ("768p", 6)
EVERY = 10.0
CLIPS = 1500
Law = Callable[[random.Random], float]
Progress = Callable[[float, float], float | None]


def nothing(_age: float, _seconds: float) -> None:
    return None


def evenly(age: float, seconds: float) -> float:
    return int(100 * age / seconds) / 100


def stuck(age: float, _seconds: float) -> float:
    return 0.5 if age < 20 else 0.99


def almost_alike(chance: random.Random) -> float:
    return 150 * math.exp(chance.gauss(0, 0.05))


def anything_between(chance: random.Random) -> float:
    return chance.uniform(60, 300)


def looks(usual: float | None = None) -> PollScheduler:
    return PollScheduler(every=EVERY, usual=usual, elapsed=lambda: 0.0)


def follow(known: PollScheduler, seconds: float, progress: Progress) -> tuple[int, float]:
    told: list[ProgressSample] = []
    age = known.poll_delay(KIN, 0.0)
    while age < seconds:
        told.append(ProgressSample(age=age, progress=progress(age, seconds)))
        age += known.poll_delay(KIN, age, told)
    known.record_completion(KIN, age, told)
    return len(told) + 1, age - seconds


def followed(known: PollScheduler, law: Law, progress: Progress) -> tuple[float, float]:
    """Looks and delay in terms of what a fixed interval would have taken."""
    chance = random.Random(4)  # noqa: S311 - it has to be repeatable, not secret
    count = delay = fixed = fixed_delay = 0.0
    for number in range(CLIPS + 200):
        seconds = law(chance)
        found, late = follow(known, seconds, progress)
        if number >= 200:  # until then it learns
            count, delay = count + found, delay + late
            fixed += math.ceil(seconds / EVERY)
            fixed_delay += math.ceil(seconds / EVERY) * EVERY - seconds
    return count / fixed, delay / fixed_delay


def test_clips_that_are_almost_alike_take_a_quarter_of_the_looks_by_what_the_looks_themselves_saw():
    ratio, delay = followed(looks(), almost_alike, nothing)
    assert ratio <= 0.25
    assert delay <= 1.05


def test_a_gateway_that_tells_its_progress_takes_a_quarter_of_the_looks_whatever_its_clips_take():
    ratio, delay = followed(looks(), anything_between, evenly)
    assert ratio <= 0.25
    assert delay <= 1.0


@pytest.mark.parametrize("progress", [nothing, stuck])
def test_a_progress_that_says_nothing_does_no_harm(progress: Progress):
    ratio, delay = followed(looks(), anything_between, progress)
    assert ratio <= 0.8
    assert delay <= 1.05


FAST: dict[str, Law] = {
    "3 s, alike": lambda chance: 3 * math.exp(chance.gauss(0, 0.05)),
    "3 s, spread": lambda chance: 3 * math.exp(chance.gauss(0, 0.3)),
    "1.5 to 6 s": lambda chance: chance.uniform(1.5, 6.0),
}


@pytest.mark.parametrize("law", FAST.values(), ids=FAST)
@pytest.mark.parametrize("usual", [None, 3.0])
def test_clips_of_three_seconds_are_found_within_one_by_few_polls(law: Law, usual: float | None):
    known, chance = looks(usual), random.Random(4)  # noqa: S311 - it has to be repeatable, not secret
    seen = [follow(known, law(chance), nothing) for _ in range(412)]
    first, later = seen[:12], seen[12:]
    assert sum(late <= 1.0 for _, late in later) >= 0.97 * len(later)
    assert sum(count for count, _ in later) / len(later) <= 6
    if usual is not None:
        assert sum(late <= 1.0 for _, late in first) >= 0.9 * len(first), "a table says how long its clips usually take"
        assert sum(count for count, _ in first) / len(first) <= 6


@pytest.mark.parametrize("usual", [3.0, 1000.0])
def test_a_usual_time_that_is_wrong_counts_for_the_first_clips_only(usual: float):
    known, chance = looks(usual), random.Random(4)  # noqa: S311
    for _ in range(40):
        follow(known, almost_alike(chance), nothing)
    assert 90 < known.poll_delay(KIN, 0.0) < 160


def test_a_gateway_that_has_become_faster_is_believed_after_some_clips():
    known = looks()
    for _ in range(100):
        follow(known, 200.0, nothing)
    assert known.poll_delay(KIN, 0.0) > 150
    for _ in range(30):
        follow(known, 30.0, nothing)
    assert known.poll_delay(KIN, 0.0) < 45


def test_a_clip_that_is_early_now_and_then_is_no_faster_gateway():
    known = looks()
    for _ in range(100):
        follow(known, 200.0, nothing)
    for _ in range(10):
        follow(known, 120.0, nothing)
        for _ in range(9):
            follow(known, 200.0, nothing)
    assert 100 < known.poll_delay(KIN, 0.0) < 120
