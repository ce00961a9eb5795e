"""When to poll a task again: learnt from how long clips of its kind took, so that few polls find them soon.

A fixed interval polls a clip that cannot be ready yet as often as one that is due. Here the next poll comes the sooner,
the likelier it is that an unfinished clip becomes ready about then. The gap is k / √h, with h the hazard at its end
(the inspection policy of Keller, and of Barlow and Proschan: fewest polls for a given mean delay). Times are taken as
log-normal: two numbers, which a dozen clips determine. k is chosen so that a clip waits no longer on average than under
the fixed interval, and no longer than an eighth of the time that it takes: the pace. Where nothing is known, polls
begin at two seconds and their gaps double up to the fixed interval, so that clips of seconds are found too.
"""

import math
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from hailuo_batch.values import dataclass

MIN_CLIPS = 8  # clips, before they are believed
MIN_DEVIATION, MAX_DEVIATION = (
    0.05,
    1.5,
)  # of the logarithms' standard deviation: a few clips that are alike prove no law
MIN_PAUSE, MAX_PAUSE = 2.0, 60.0  # seconds between two polls; the first one may be later
_QUICKEST_INTERVAL, _QUICKEST_PAUSE = 0.5, 0.25  # seconds, however fast clips are
_PRIOR_DEVIATION = 0.5  # of clips of which only the usual time is known: two in three take 0.6 to 1.6 times that
_MAX_POLLS = 200  # polls that are planned ahead
_TOLERANCE = 1.01  # numbers this near to each other count as equal
_SCALES, _BEYOND = (1e-2, 1e3), 1.004  # of the gaps, and a step beyond the scale that is meant, so that it lies between
_STEPS = 5  # of that kind
_TAIL_SHARE = 0.01  # of the clips: what they add to the mean delay changes no step
_TAIL = 1e-9  # with so few unfinished clips, the hazard is the tail's own limit
_TAIL_DEVIATIONS = 5.99  # from there on, at the earliest
_ROOT_2, _ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)
_MIN_SURVIVAL = 1e-4  # with so few unfinished clips, polls are no longer planned one by one


@dataclass(frozen=True, slots=True)
class LogNormal:
    """How long clips of one kind took, from submit to ready: the mean and deviation of the seconds' logarithms."""

    mean: float
    deviation: float


class PollPace(NamedTuple):
    """The interval whose half is the mean delay that polls may have, and the shortest gap between two of them."""

    interval: float
    shortest: float = MIN_PAUSE


def poll_pace(times: LogNormal | None, interval: float) -> PollPace:
    """The pace for clips that take this long: fast clips are polled faster than the gateway advises, slow ones are not.

    >>> poll_pace(LogNormal(mean=5.0, deviation=0.1), 10.0)
    PollPace(interval=10.0, shortest=2.0)
    """
    if times is None:
        return PollPace(interval)
    usual = math.exp(times.mean)
    return PollPace(
        round(min(interval, max(usual / 4, _QUICKEST_INTERVAL)), 3),
        round(min(MIN_PAUSE, max(usual / 12, _QUICKEST_PAUSE)), 3),
    )


def expect_usual(seconds: float) -> LogNormal:
    """What is believed of clips before any was seen, if they usually take so long."""
    return LogNormal(mean=round(math.log(seconds), 2), deviation=_PRIOR_DEVIATION)


def fit_log_normal(seconds: Collection[float], *, blur: float = 0.0) -> LogNormal | None:
    """What these clips teach; None when they are too few.

    `blur` is the variance of the logarithms that comes from when the clips were polled (`poll_blur`).

    >>> round(math.exp(fit_log_normal([100.0] * 10).mean))
    100
    """
    logs = [math.log(each) for each in seconds if each > 0]
    if len(logs) < MIN_CLIPS:
        return None
    mean = math.fsum(logs) / len(logs)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / (len(logs) - 1) + blur)
    return LogNormal(mean=round(mean, 2), deviation=round(min(max(deviation, MIN_DEVIATION), MAX_DEVIATION), 2))


def poll_pause(times: LogNormal | None, age: float, pace: PollPace) -> float:
    """Seconds to wait before the next poll of a task that was submitted `age` seconds ago."""
    if times is None:
        return min(pace.interval, max(pace.shortest, age))
    later = (poll for poll in poll_ages(times, pace) if poll > age + pace.shortest / 2)
    poll = next(later, None)
    return min(max(pace.interval, age / 10), MAX_PAUSE) if poll is None else poll - age


def estimate_ready_age(times: LogNormal | None, begin: float, end: float) -> float:
    """When a clip was probably ready that was not at one age and was at another: the middle when nothing is known."""
    share = 0.0 if times is None else _survival(times, begin) - _survival(times, end)
    if times is None or share < _MIN_SURVIVAL:
        return (begin + end) / 2
    return (_partial_mean(times, end) - _partial_mean(times, begin)) / share


def poll_blur(ready: float, seen: float) -> float:
    """The variance of a time's logarithm if a clip was found at one age and was probably ready at another.

    It is that of anything between the poll that found it and as much before, as ratios.
    """
    return math.log(seen / ready) ** 2 / 3 if seen > ready > 0 else 0.0


def ready_share(times: LogNormal, age: float) -> float:
    """The share of clips that are ready at an age."""
    return 1.0 - _survival(times, age)


@lru_cache(maxsize=1024)
def poll_ages(times: LogNormal, pace: PollPace) -> tuple[float, ...]:
    """The ages at which a task is polled."""
    return tuple(age for age, _ in _walk_polls(times, _find_scale(times, pace), pace.shortest))


def _find_scale(times: LogNormal, pace: PollPace) -> float:
    """The largest scale, within a hundredth, at which clips wait no longer than they may.

    The mean delay grows about as the scale does, so a step leads near. After some, what is left is halved, as the delay
    jumps where single gaps lead far into the tail.
    """
    (low, high), limit, steps = _SCALES, pace.interval / 2, 0
    guess = 0.86 * pace.interval / math.sqrt(times.deviation * math.exp(times.mean))
    while high > low * _TOLERANCE:
        steps += 1
        if steps > _STEPS or not low < guess < high:
            guess = math.sqrt(low * high)
        delay = _mean_delay(limit, times, guess, pace.shortest)
        low, high, beyond = (guess, high, _BEYOND) if delay < limit else (low, guess, 1 / _BEYOND)
        guess *= limit / max(delay, limit / 100) * beyond
    return low


def _walk_polls(times: LogNormal, scale: float, shortest: float) -> Iterator[tuple[float, float]]:
    """The ages at which gap × √h(end) = scale, each with the share of clips that are not ready then."""
    gaps, place, limit = _gaps(shortest), 0, scale**2
    tail, age = math.exp(times.mean + _TAIL_DEVIATIONS * times.deviation), _first_poll_age(times, limit, shortest)
    for _ in range(_MAX_POLLS - 1):
        left = _survival(times, age)
        yield age, left
        if left <= _MIN_SURVIVAL:
            return
        is_short = _gap_test(times, age, limit, gaps)
        place = _search(is_short, len(gaps) - 1, place)
        # Where the tail's own limit takes over, the hazard drops by some hundredths, and two gaps may fit: halving all
        # of them decides.
        if age + 1.05 * gaps[place] > tail:
            place = _halve(is_short, 0, len(gaps) - 1)
        age += gaps[place]
    yield age, _survival(times, age)


def _first_poll_age(times: LogNormal, limit: float, shortest: float) -> float:
    """The end of the first gap, which may be long: gap² × h(end) grows with it, so halving finds it."""
    low, high = shortest, max(shortest, math.exp(times.mean + 4 * times.deviation))
    while high > low * _TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if middle**2 * _hazard(times, middle) < limit else (low, middle)
    return low


@lru_cache(maxsize=16)
def _gaps(shortest: float) -> tuple[float, ...]:
    """The gaps that there are between two polls, as halving makes them: each nearly equals the next."""
    gaps = [shortest, MAX_PAUSE]
    while gaps[1] > gaps[0] * _TOLERANCE:
        middles = [math.sqrt(low * high) for low, high in pairwise(gaps)]
        gaps = [*chain.from_iterable(zip(gaps, middles, strict=False)), MAX_PAUSE]
    return tuple(gaps)


def _gap_test(times: LogNormal, last: float, limit: float, gaps: tuple[float, ...]) -> Callable[[int], bool]:
    """Whether a gap, by its place, has gap² × h(end) below the limit."""
    mean, deviation = times.mean, times.deviation

    def is_short(place: int) -> bool:  # `_hazard` without calls of ours: no line runs so often
        gap = gaps[place]
        age = last + gap
        z = (math.log(age) - mean) / deviation
        left = math.erfc(z / _ROOT_2) / 2
        hazard = math.exp(-z * z / 2) / _ROOT_2_PI / (deviation * age) / left if left >= _TAIL else _hazard(times, age)
        return gap**2 * hazard < limit

    return is_short


def _search(holds: Callable[[int], bool], end: int, near: int) -> int:
    """As `_halve` from 0 to `end`, with steps that double from `near` on: the answer is seldom far from there."""
    step = 1
    if near > 0 and not holds(near):
        low, high = near - 1, near
        while low > 0 and not holds(low):
            step *= 2
            low, high = max(0, low - step), low
        return _halve(holds, low, high)
    low = near
    while low + step < end and holds(low + step):
        low, step = low + step, step * 2
    return _halve(holds, low, min(end, low + step))


def _halve(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The last place from `low` on at which something holds that does not hold at `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _mean_delay(limit: float, times: LogNormal, scale: float, shortest: float) -> float:
    """How long clips wait for their poll on average: in closed form, as a log-normal's partial mean.

    Where that is certainly more than twice the limit or less than the limit, it is only known to be so.
    """
    waited, left, mean = 0.0, 1.0, 0.0
    for poll, left_then in _walk_polls(times, scale, shortest):
        mean_then = _partial_mean(times, poll)
        waited += poll * (left - left_then) - (mean_then - mean)
        left, mean = left_then, mean_then
        if waited >= 2 * limit or (waited + left * MAX_PAUSE < limit and left < _TAIL_SHARE):
            break  # the rest waits for one gap at most
    return waited


def _partial_mean(times: LogNormal, age: float) -> float:
    """The mean of the times up to an age, those beyond it counted as nothing."""
    if age <= 0:
        return 0.0
    z = (math.log(age) - times.mean) / times.deviation - times.deviation
    return math.exp(times.mean + times.deviation**2 / 2) * math.erfc(-z / math.sqrt(2)) / 2


def _survival(times: LogNormal, age: float) -> float:
    """The share of clips that are not ready at an age."""
    return 1.0 if age <= 0 else math.erfc((math.log(age) - times.mean) / times.deviation / math.sqrt(2)) / 2


def _hazard(times: LogNormal, age: float) -> float:
    """The chance per second that a clip of this age becomes ready, if it is not."""
    z = (math.log(age) - times.mean) / times.deviation
    left = _survival(times, age)
    if left < _TAIL:  # far beyond everything that was seen: the tail's own limit
        return max(z, 1.0) / (times.deviation * age)
    return math.exp(-z * z / 2) / _ROOT_2_PI / (times.deviation * age) / left
