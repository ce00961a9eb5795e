"""When a task will be ready by what its gateway tells of its progress, and how far that was right before.

A gateway's progress may be measured, guessed or made up. So what it promises is held against when clips were ready
then: the ratios of the two are a `History` of their own, and they make of a promise what is known of a clip's length.
Nothing here reads a clock.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hailuo_batch.core.pacing.poll_schedule import History

LEAST = 0.05  # of the whole; what moved less may be rounding
_STEP = 0.05  # of a logarithm; promises this near to each other share one schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a running task said at an age in seconds; `progress` is from 0 to 1, None where the gateway tells none."""

    age: float
    progress: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A task that was seen at an age should be ready so many seconds after it; those of a kind err alike.

    The kind is how it was come by (by two looks between which progress moved, else as if it had moved evenly from the
    beginning) and in which quarter progress was, since few gateways move evenly.
    """

    age: float
    left: float
    kind: tuple[bool, int]


def promise(told: Sequence[Told]) -> Promise | None:
    """What the last look promises, by how fast progress moved; None while it has not, or says that nothing is left.

    >>> promise([Told(age=60, progress=0.2), Told(age=90, progress=0.6)]).left
    30.0
    """
    if not told or (now := told[-1].progress) is None or now >= 1:
        return None
    earlier = (each for each in reversed(told[:-1]) if each.progress is not None and now - each.progress >= LEAST)
    since = next(earlier, Told(age=0.0, progress=0.0))
    moved = now - (since.progress or 0.0)
    if moved < LEAST or told[-1].age <= since.age:
        return None
    left = (1 - now) * (told[-1].age - since.age) / moved
    return Promise(age=told[-1].age, left=round(left, 3), kind=(since.age > 0, int(4 * now)))


def promises(told: Sequence[Told]) -> tuple[Promise, ...]:
    """The first promise of each kind that a task made."""
    found: dict[tuple[bool, int], Promise] = {}
    for count in range(1, len(told) + 1):
        made = promise(told[:count])
        if made is not None:
            found.setdefault(made.kind, made)
    return tuple(found.values())


def kept(made: Promise, ready: float) -> float:
    """How much longer than promised it took, as a ratio; 0 when it tells nothing."""
    return (ready - made.age) / made.left if ready > made.age and made.left > 0 else 0.0


def ahead(made: Promise, ratios: History | None, known: History | None) -> History | None:
    """How much longer the task takes, as promises were kept before; None when its kin's lengths tell more."""
    if ratios is None or made.left <= 0:
        return None
    mean = round((math.log(made.left) + ratios.mean) / _STEP) * _STEP
    deviation = math.ceil(round(ratios.deviation / _STEP, 6)) * _STEP
    found = History(mean=round(mean, 2), deviation=round(deviation, 2))
    return found if known is None or _spread(found) < _spread(known) else None


def _spread(known: History) -> float:
    """About how many seconds lie between a short time and a long one."""
    return known.deviation * math.exp(known.mean)
