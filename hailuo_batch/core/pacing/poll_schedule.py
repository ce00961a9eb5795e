"""When to poll a task again: learnt from how long clips of its kind took, so that few polls find them soon.

A fixed interval polls a clip that cannot be ready yet as often as one that is due. Here the next poll comes the sooner,
the likelier it is that an unfinished clip becomes ready about then. The gap is k / √h, with h the hazard at its end
(the inspection policy of Keller, and of Barlow and Proschan: fewest polls for a given mean delay). Times are taken as
log-normal: two numbers, which a dozen clips determine. k is chosen so that a clip waits no longer on average than under
the fixed interval.
"""

import math
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import chain, pairwise

from hailuo_batch.values import dataclass

MIN_CLIPS = 8  # clips, before they are believed
MIN_DEVIATION, MAX_DEVIATION = (
    0.05,
    1.5,
)  # of the logarithms' standard deviation: a few clips that are alike prove no law
MIN_PAUSE, MAX_PAUSE = 2.0, 60.0  # seconds between two polls; the first one may be later
_MAX_POLLS = 200  # polls that are planned ahead
_TOLERANCE = 1.01  # numbers this near to each other count as equal
_TAIL = 1e-9  # with so few unfinished clips, the hazard is the tail's own limit
_TAIL_DEVIATIONS = 5.99  # from there on, at the earliest
_ROOT_2, _ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)
_MIN_SURVIVAL = 1e-4  # with so few unfinished clips, polls are no longer planned one by one


@dataclass(frozen=True, slots=True)
class LogNormal:
    """How long clips of one kind took, from submit to ready: the mean and deviation of the seconds' logarithms."""

    mean: float
    deviation: float


def fit_log_normal(seconds: Collection[float]) -> LogNormal | None:
    """What these clips teach; None when they are too few.

    >>> round(math.exp(fit_log_normal([100.0] * 10).mean))
    100
    """
    logs = [math.log(each) for each in seconds if each > 0]
    if len(logs) < MIN_CLIPS:
        return None
    mean = math.fsum(logs) / len(logs)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / (len(logs) - 1))
    return LogNormal(mean=round(mean, 2), deviation=round(min(max(deviation, MIN_DEVIATION), MAX_DEVIATION), 2))


def poll_pause(times: LogNormal | None, age: float, interval: float) -> float:
    """Seconds to wait before the next poll of a task that was submitted `age` seconds ago.

    `interval` is the fixed interval that the gateway advises: it holds where nothing is known, and half of it is the
    mean delay that learnt polls may have.
    """
    if times is None:
        return interval
    later = (poll for poll in poll_ages(times, interval) if poll > age + MIN_PAUSE / 2)
    poll = next(later, None)
    return min(max(interval, age / 10), MAX_PAUSE) if poll is None else poll - age


def estimate_ready_age(times: LogNormal | None, begin: float, end: float) -> float:
    """When a clip was probably ready that was not at one age and was at another: the middle when nothing is known."""
    share = 0.0 if times is None else _survival(times, begin) - _survival(times, end)
    if times is None or share < _MIN_SURVIVAL:
        return (begin + end) / 2
    return (_partial_mean(times, end) - _partial_mean(times, begin)) / share


def ready_share(times: LogNormal, age: float) -> float:
    """The share of clips that are ready at an age."""
    return 1.0 - _survival(times, age)


@lru_cache(maxsize=1024)
def poll_ages(times: LogNormal, interval: float) -> tuple[float, ...]:
    """The ages at which a task is polled."""
    low, high = 1e-1, 1e3
    while high > low * _TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _has_mean_delay_below(interval / 2, times, middle) else (low, middle)
    return tuple(age for age, _ in _walk_polls(times, low))


def _walk_polls(times: LogNormal, scale: float) -> Iterator[tuple[float, float]]:
    """The ages at which gap × √h(end) = scale, each with the share of clips that are not ready then."""
    gaps, place, limit, tail = _gaps(), 0, scale**2, math.exp(times.mean + _TAIL_DEVIATIONS * times.deviation)
    age = _first_poll_age(times, limit)
    for _ in range(_MAX_POLLS - 1):
        left = _survival(times, age)
        yield age, left
        if left <= _MIN_SURVIVAL:
            return
        is_short = _gap_test(times, age, limit)
        place = _search(is_short, len(gaps) - 1, place)
        # Where the tail's own limit takes over, the hazard drops by some hundredths, and two gaps may fit: halving all
        # of them decides.
        if age + 1.05 * gaps[place] > tail:
            place = _halve(is_short, 0, len(gaps) - 1)
        age += gaps[place]
    yield age, _survival(times, age)


def _first_poll_age(times: LogNormal, limit: float) -> float:
    """The end of the first gap, which may be long: gap² × h(end) grows with it, so halving finds it."""
    low, high = MIN_PAUSE, max(MIN_PAUSE, math.exp(times.mean + 4 * times.deviation))
    while high > low * _TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if middle**2 * _hazard(times, middle) < limit else (low, middle)
    return low


@lru_cache(maxsize=1)
def _gaps() -> tuple[float, ...]:
    """The gaps that there are between two polls, as halving makes them: each nearly equals the next."""
    gaps = [MIN_PAUSE, MAX_PAUSE]
    while gaps[1] > gaps[0] * _TOLERANCE:
        middles = [math.sqrt(low * high) for low, high in pairwise(gaps)]
        gaps = [*chain.from_iterable(zip(gaps, middles, strict=False)), MAX_PAUSE]
    return tuple(gaps)


def _gap_test(times: LogNormal, last: float, limit: float) -> Callable[[int], bool]:
    """Whether a gap, by its place, has gap² × h(end) below the limit."""
    gaps, mean, deviation = _gaps(), times.mean, times.deviation

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


def _has_mean_delay_below(limit: float, times: LogNormal, scale: float) -> bool:
    """Whether clips wait less than this for their poll on average: in closed form, as a log-normal's partial mean."""
    waited, left, mean = 0.0, 1.0, 0.0
    for poll, left_then in _walk_polls(times, scale):
        mean_then = _partial_mean(times, poll)
        waited += poll * (left - left_then) - (mean_then - mean)
        left, mean = left_then, mean_then
        if waited >= limit or waited + left * MAX_PAUSE < limit:  # the rest waits for one gap at most
            break
    return waited < limit


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
