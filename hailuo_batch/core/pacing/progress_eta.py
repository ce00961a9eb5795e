"""When a task will be ready, by the progress that its gateway reports and by how right that was before.

A gateway may measure its progress, guess it or invent it. So a predicted end is compared with when clips were ready.
The ratios of the two are a `LogNormal` of their own, which turns a prediction into a distribution of the clip's end.
Reads no clock.
"""

import math
from collections.abc import Sequence

from hailuo_batch.core.pacing.poll_schedule import LogNormal
from hailuo_batch.values import dataclass

MIN_PROGRESS = 0.05  # of the whole; what moved less may be rounding
_LOG_STEP = 0.05  # of a logarithm; promises this near to each other share one schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSample:
    """What a running task said at an age in seconds; `progress` is from 0 to 1, None where the gateway reports none."""

    age: float
    progress: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Eta:
    """A task that was seen at an age should be ready so many seconds after it; those of a kind err alike.

    The kind is how it was come by (by two polls between which progress moved, else as if it had moved evenly from the
    beginning) and in which quarter progress was, since few gateways move evenly.
    """

    age: float
    seconds_left: float
    kind: tuple[bool, int]


def compute_eta(samples: Sequence[ProgressSample]) -> Eta | None:
    """What the last poll predicts, by how fast progress moved; None while it has not, or says that nothing is left.

    >>> compute_eta([ProgressSample(age=60, progress=0.2), ProgressSample(age=90, progress=0.6)]).seconds_left
    30.0
    """
    if not samples or (now := samples[-1].progress) is None or now >= 1:
        return None
    earlier = (
        each for each in reversed(samples[:-1]) if each.progress is not None and now - each.progress >= MIN_PROGRESS
    )
    since = next(earlier, ProgressSample(age=0.0, progress=0.0))
    moved = now - (since.progress or 0.0)
    if moved < MIN_PROGRESS or samples[-1].age <= since.age:
        return None
    left = (1 - now) * (samples[-1].age - since.age) / moved
    return Eta(age=samples[-1].age, seconds_left=round(left, 3), kind=(since.age > 0, int(4 * now)))


def compute_etas(samples: Sequence[ProgressSample]) -> tuple[Eta, ...]:
    """The first promise of each kind that a task made."""
    found: dict[tuple[bool, int], Eta] = {}
    for count in range(1, len(samples) + 1):
        made = compute_eta(samples[:count])
        if made is not None:
            found.setdefault(made.kind, made)
    return tuple(found.values())


def overrun_ratio(eta: Eta, ready_age: float) -> float:
    """How much longer than promised it took, as a ratio; 0 when it is unknown."""
    return (ready_age - eta.age) / eta.seconds_left if ready_age > eta.age and eta.seconds_left > 0 else 0.0


def predict_remaining(eta: Eta, ratios: LogNormal | None, times: LogNormal | None) -> LogNormal | None:
    """How much longer the task takes, as promises were kept before; None when the lengths of similar clips say more."""
    if ratios is None or eta.seconds_left <= 0:
        return None
    mean = round((math.log(eta.seconds_left) + ratios.mean) / _LOG_STEP) * _LOG_STEP
    deviation = math.ceil(round(ratios.deviation / _LOG_STEP, 6)) * _LOG_STEP
    found = LogNormal(mean=round(mean, 2), deviation=round(deviation, 2))
    return found if times is None or _spread_seconds(found) < _spread_seconds(times) else None


def _spread_seconds(times: LogNormal) -> float:
    """About how many seconds lie between a short time and a long one."""
    return times.deviation * math.exp(times.mean)
