"""When to look at a task again: learnt from how long clips of its kind took, so that few looks find them soon.

A fixed interval looks as often at a clip that cannot be ready yet as at one that is due. Here a look comes the sooner
after the one before the likelier it is that a clip which is not ready yet becomes ready about then: the gap is k / √h,
with h the hazard at its end (the inspection policy of Keller, and of Barlow and Proschan: fewest looks for a given mean
delay). Times are taken as log-normal: two numbers, which a dozen clips tell. k is chosen so that a clip waits no longer
on average than under the fixed interval.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

ENOUGH = 8  # clips, before they are believed
NARROWEST, WIDEST = 0.05, 1.5  # of the logarithms' standard deviation: a few clips that are alike prove no law
SHORTEST, LONGEST = 2.0, 60.0  # seconds between two looks; the first one may be later
_MOST = 200  # looks that are planned ahead
_NEAR = 1.01  # numbers this near to each other need not be told apart
_LATEST = 1e-4  # when so few clips are not ready, the looks are no more planned one by one


@dataclass(frozen=True, slots=True)
class History:
    """How long clips of one kind took, from submit to ready: the mean and deviation of the seconds' logarithms."""

    mean: float
    deviation: float


def history(seconds: Collection[float]) -> History | None:
    """What these clips tell; None when they are too few.

    >>> round(math.exp(history([100.0] * 10).mean))
    100
    """
    logs = [math.log(each) for each in seconds if each > 0]
    if len(logs) < ENOUGH:
        return None
    mean = math.fsum(logs) / len(logs)
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in logs) / (len(logs) - 1))
    return History(mean=round(mean, 2), deviation=round(min(max(deviation, NARROWEST), WIDEST), 2))


def pause(known: History | None, age: float, every: float) -> float:
    """Seconds to wait before the next look at a task that was submitted `age` seconds ago.

    `every` is the fixed interval that the gateway advises: it holds where nothing is known, and half of it is the mean
    delay that learnt looks may have.
    """
    if known is None:
        return every
    later = (look for look in schedule(known, every) if look > age + SHORTEST / 2)
    look = next(later, None)
    return min(max(every, age / 10), LONGEST) if look is None else look - age


def ready_between(known: History | None, begin: float, end: float) -> float:
    """When a clip was probably ready that was not at one age and was at another: the middle when nothing is known."""
    share = 0.0 if known is None else _left(known, begin) - _left(known, end)
    if known is None or share < _LATEST:
        return (begin + end) / 2
    return (_mean_until(known, end) - _mean_until(known, begin)) / share


def share_until(known: History, age: float) -> float:
    """The share of clips that are ready at an age."""
    return 1.0 - _left(known, age)


@lru_cache(maxsize=1024)
def schedule(known: History, every: float) -> tuple[float, ...]:
    """The ages at which a task is looked at."""
    low, high = 1e-1, 1e3
    while high > low * _NEAR:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _delay(known, _looks(known, middle)) < every / 2 else (low, middle)
    return _looks(known, low)


def _looks(known: History, scale: float) -> tuple[float, ...]:
    looks: list[float] = []
    while len(looks) < _MOST and (not looks or _left(known, looks[-1]) > _LATEST):
        looks.append(_next(known, looks[-1] if looks else 0.0, scale, first=not looks))
    return tuple(looks)


def _next(known: History, last: float, scale: float, *, first: bool) -> float:
    """The end of the gap for which gap × √h(end) = scale: it grows with the end, so halving finds it."""
    low, high = SHORTEST, max(SHORTEST, math.exp(known.mean + 4 * known.deviation) if first else LONGEST)
    while high > low * _NEAR:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if middle**2 * _hazard(known, last + middle) < scale**2 else (low, middle)
    return last + low


def _delay(known: History, looks: Sequence[float]) -> float:
    """How long a clip waits for its look on average: in closed form, since a log-normal's partial mean has one."""
    waited, left, mean = 0.0, 1.0, 0.0
    for look in looks:
        left_then, mean_then = _left(known, look), _mean_until(known, look)
        waited += look * (left - left_then) - (mean_then - mean)
        left, mean = left_then, mean_then
    return waited


def _mean_until(known: History, age: float) -> float:
    """The mean of the times up to an age, those beyond it counted as nothing."""
    if age <= 0:
        return 0.0
    z = (math.log(age) - known.mean) / known.deviation - known.deviation
    return math.exp(known.mean + known.deviation**2 / 2) * math.erfc(-z / math.sqrt(2)) / 2


def _left(known: History, age: float) -> float:
    """The share of clips that are not ready at an age."""
    return 1.0 if age <= 0 else math.erfc((math.log(age) - known.mean) / known.deviation / math.sqrt(2)) / 2


def _hazard(known: History, age: float) -> float:
    """The chance per second that a clip of this age becomes ready, if it is not."""
    z = (math.log(age) - known.mean) / known.deviation
    left = _left(known, age)
    if left < 1e-9:  # far beyond everything that was seen: the tail's own limit
        return max(z, 1.0) / (known.deviation * age)
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi) / (known.deviation * age) / left
