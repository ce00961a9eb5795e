"""When the tasks of one gateway are polled: learnt from its earlier clips, spread out, and slowed on request.

The arithmetic is in `core/pacing/poll_schedule.py` and `core/pacing/progress_eta.py`; this module has the memory of one
run.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from hailuo_batch.core.pacing.poll_schedule import (
    LogNormal,
    estimate_ready_age,
    fit_log_normal,
    poll_pause,
    ready_share,
)
from hailuo_batch.core.pacing.progress_eta import (
    ProgressSample,
    compute_eta,
    compute_etas,
    overrun_ratio,
    predict_remaining,
)
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.ports import WaitListener, ignore_wait

ClipKind = tuple[str, int]  # clips that take alike: resolution and seconds
_HistoryKey = (
    ClipKind | tuple[ClipKind, tuple[bool, int]]
)  # what is learnt about: such clips, or promises of one kind about them
_HISTORY_LENGTH = 200  # clips of a kin: what a gateway was like last month says little about today
_LOG = logging.getLogger("hailuo_batch.wait")
_LEAST_LIKELIHOOD = 1e-3  # what is less likely than this is not what was learnt any more


class PollScheduler:
    """The polls of one gateway's tasks; `every` is the interval that it advises, `per_second` the most it takes.

    `elapsed` is a clock in the seconds that limits are written in, and `sleep` waits for such seconds.
    """

    def __init__(
        self,
        *,
        every: float,
        elapsed: Callable[[], float],
        per_second: float | None = None,
        past: Iterable[tuple[ClipKind, float]] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        gateway: str = "",
    ) -> None:
        self.every, self._min_interval = every, 0.0 if per_second is None else 1 / per_second
        self.elapsed, self._sleep, self._gateway = elapsed, sleep, gateway
        self._next_poll = 0.0
        # By kin the seconds that clips took; by kin and kind of promise how much longer than promised they took.
        self._durations: dict[_HistoryKey, deque[float]] = {}
        self._histories: dict[_HistoryKey, tuple[int, LogNormal | None]] = {}
        self._counts: dict[_HistoryKey, int] = {}
        self._first_poll_likelihoods: dict[
            ClipKind, float
        ] = {}  # how likely it was that the last clips were ready at their first poll
        for kin, seconds in past:
            self.record_duration(kin, seconds)

    def poll_delay(self, kind: ClipKind, age: float, samples: Sequence[ProgressSample] = ()) -> float:
        """Seconds until the next poll of a task of this age; `samples` has what its earlier polls reported."""
        belief, since = self._expectation(kind, samples)
        # Progress saves so many polls that some can be spent on a shorter delay, where gateways round it.
        return poll_pause(belief, age - since, self.every if since == 0 else self.every / 2)

    def record_completion(self, kind: ClipKind, age: float, samples: Sequence[ProgressSample]) -> None:
        """A task that said all this while it ran was found ready at an age."""
        belief, since = self._expectation(kind, samples)
        before = samples[-1].age if samples else 0.0
        ready = since + estimate_ready_age(belief, before - since, age - since)
        if self._is_history_outdated(kind, belief, age, first=not samples):
            self._forget(kind)
            ready = age / 2
        self.record_duration(kind, ready)
        for promised in compute_etas(samples):
            self._record((kind, promised.kind), overrun_ratio(promised, ready))

    def record_duration(self, kind: ClipKind, seconds: float) -> None:
        """A clip was ready after so long."""
        self._record(kind, seconds)

    async def wait_turn(self, on_wait: WaitListener = ignore_wait) -> None:
        """Waits until one more poll is not too fast."""
        now = self.elapsed()
        at = max(self._next_poll, now)
        self._next_poll = at + self._min_interval
        if at > now:
            line = WaitLine(reason=WaitReason.OWN_PACE, seconds=at - now, gateway=self._gateway)
            _LOG.debug(line)
            with on_wait(line):
                await self._sleep(at - now)

    def back_off(self, seconds: float, *, why: str = "") -> None:
        """The gateway asks everybody to wait."""
        _LOG.info(WaitLine(reason=WaitReason.THROTTLED, seconds=seconds, gateway=self._gateway, why=why))
        self._next_poll = max(self._next_poll, self.elapsed() + seconds)

    def _expectation(self, kind: ClipKind, samples: Sequence[ProgressSample]) -> tuple[LogNormal | None, float]:
        """What is known of when a task is ready, and the age from which that counts."""
        known, made = self._history(kind), compute_eta(samples)
        if made is not None and (found := predict_remaining(made, self._history((kind, made.kind)), known)) is not None:
            return found, made.age
        return known, 0.0

    def _is_history_outdated(self, kind: ClipKind, expected: LogNormal | None, age: float, *, first: bool) -> bool:
        """Whether so many clips in a row were ready at their first poll that the gateway must have become faster."""
        if expected is None or not first:
            self._first_poll_likelihoods.pop(kind, None)
            return False
        self._first_poll_likelihoods[kind] = self._first_poll_likelihoods.get(kind, 1.0) * ready_share(expected, age)
        return self._first_poll_likelihoods[kind] < _LEAST_LIKELIHOOD

    def _forget(self, kind: ClipKind) -> None:
        del self._first_poll_likelihoods[kind]
        for memory in (self._durations, self._histories, self._counts):
            for what in [what for what in memory if what == kind or what[0] == kind]:
                del memory[what]

    def _record(self, key: _HistoryKey, number: float) -> None:
        self._durations.setdefault(key, deque(maxlen=_HISTORY_LENGTH)).append(number)
        self._counts[key] = self._counts.get(key, 0) + 1

    def _history(self, key: _HistoryKey) -> LogNormal | None:
        """What is known, thought over again whenever a quarter more was seen."""
        seen = self._counts.get(key, 0)
        at, known = self._histories.get(key, (-1, None))
        if at < 0 or seen > at * 1.25:
            known = fit_log_normal(self._durations.get(key, ()))
            self._histories[key] = (seen, known)
        return known
