"""When to poll a task again: learnt from how long clips of its kind took, so that few polls find them soon.

A fixed interval polls a clip that cannot be ready yet as often as one that is due. Here the next poll comes the sooner,
the likelier it is that an unfinished clip becomes ready about then. The gap is k / √h, with h the hazard at its end
(the inspection policy of Keller, and of Barlow and Proschan: fewest polls for a given mean delay). Times are taken as
log-normal: two numbers, which a dozen clips determine. k is chosen so that a clip waits no longer on average than under
the fixed interval.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

MIN_CLIPS = 8  # clips, before they are believed
MIN_DEVIATION, MAX_DEVIATION = (
    0.05,
    1.5,
)  # of the logarithms' standard deviation: a few clips that are alike prove no law
MIN_PAUSE, MAX_PAUSE = 2.0, 60.0  # seconds between two polls; the first one may be later
_MAX_POLLS = 200  # polls that are planned ahead
_TOLERANCE = 1.01  # numbers this near to each other count as equal
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
        low, high = (middle, high) if _mean_delay(times, _poll_ages(times, middle)) < interval / 2 else (low, middle)
    return _poll_ages(times, low)


def _poll_ages(times: LogNormal, scale: float) -> tuple[float, ...]:
    polls: list[float] = []
    while len(polls) < _MAX_POLLS and (not polls or _survival(times, polls[-1]) > _MIN_SURVIVAL):
        polls.append(_next_poll_age(times, polls[-1] if polls else 0.0, scale, is_first=not polls))
    return tuple(polls)


def _next_poll_age(times: LogNormal, last: float, scale: float, *, is_first: bool) -> float:
    """The end of the gap for which gap × √h(end) = scale: it grows with the end, so halving finds it."""
    low, high = MIN_PAUSE, max(MIN_PAUSE, math.exp(times.mean + 4 * times.deviation) if is_first else MAX_PAUSE)
    while high > low * _TOLERANCE:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if middle**2 * _hazard(times, last + middle) < scale**2 else (low, middle)
    return last + low


def _mean_delay(times: LogNormal, polls: Sequence[float]) -> float:
    """How long a clip waits for its poll on average: in closed form, since a log-normal's partial mean has one."""
    waited, left, mean = 0.0, 1.0, 0.0
    for poll in polls:
        left_then, mean_then = _survival(times, poll), _partial_mean(times, poll)
        waited += poll * (left - left_then) - (mean_then - mean)
        left, mean = left_then, mean_then
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
    if left < 1e-9:  # far beyond everything that was seen: the tail's own limit
        return max(z, 1.0) / (times.deviation * age)
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (times.deviation * age) / left
