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
    PollPace,
    estimate_ready_age,
    expect_usual,
    fit_log_normal,
    poll_blur,
    poll_pace,
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

    `usual` is how long its clips usually take, which counts until some were seen. Without it, the first clips are
    polled early, unless the gateway calls back. `elapsed` is a clock in the seconds that limits are written in, and
    `sleep` waits for such seconds.
    """

    def __init__(
        self,
        *,
        every: float,
        elapsed: Callable[[], float],
        per_second: float | None = None,
        past: Iterable[tuple[ClipKind, float]] = (),
        usual: float | None = None,
        is_called_back: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        gateway: str = "",
    ) -> None:
        self.every, self._min_interval = every, 0.0 if per_second is None else 1 / per_second
        self.elapsed, self._sleep, self._gateway = elapsed, sleep, gateway
        self._next_poll, self._usual = 0.0, expect_usual(usual) if usual else None
        self._unknown_pace = PollPace(every, every) if is_called_back else poll_pace(None, every)
        self._refuted: set[ClipKind] = set()  # of these, clips take much less than usual
        # By kin the seconds that clips took; by kin and kind of promise how much longer than promised they took.
        # Beside each number is how inexactly it is known, as a variance.
        self._durations: dict[_HistoryKey, deque[tuple[float, float]]] = {}
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
        known = self._history(kind)
        pace = self._unknown_pace if known is None else poll_pace(known, self.every)
        # Progress saves so many polls that some can be spent on a shorter delay, where gateways round it.
        return poll_pause(belief, age - since, pace if since == 0 else pace._replace(interval=pace.interval / 2))

    def unknown_delay(self, kind: ClipKind, age: float, samples: Sequence[ProgressSample] = ()) -> float:  # noqa: ARG002
        """The same for a task of which nobody knows when it was submitted: `age` counts from its first poll."""
        return poll_pause(None, age, self._unknown_pace)

    def record_completion(self, kind: ClipKind, age: float, samples: Sequence[ProgressSample]) -> None:
        """A task that said all this while it ran was found ready at an age."""
        belief, since = self._expectation(kind, samples)
        before = samples[-1].age if samples else 0.0
        ready = since + estimate_ready_age(belief, before - since, age - since)
        if self._is_history_outdated(kind, belief, age, first=not samples):
            self._forget(kind)
            ready = age / 2
        self._record(kind, ready, poll_blur(ready, age))
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
        self._refuted.add(kind)
        for memory in (self._durations, self._histories, self._counts):
            for what in [what for what in memory if what == kind or what[0] == kind]:
                del memory[what]

    def _record(self, key: _HistoryKey, number: float, blur: float = 0.0) -> None:
        self._durations.setdefault(key, deque(maxlen=_HISTORY_LENGTH)).append((number, blur))
        self._counts[key] = self._counts.get(key, 0) + 1

    def _history(self, key: _HistoryKey) -> LogNormal | None:
        """What is known, thought over again whenever a quarter more was seen."""
        seen = self._counts.get(key, 0)
        at, known = self._histories.get(key, (-1, None))
        if at < 0 or seen > at * 1.25:
            known = self._fit(key)
            self._histories[key] = (seen, known)
        return known

    def _fit(self, key: _HistoryKey) -> LogNormal | None:
        seen = self._durations.get(key, ())
        blur = sum(blur for _, blur in seen) / max(len(seen), 1)
        known = fit_log_normal([number for number, _ in seen], blur=blur)
        is_kind = not isinstance(key[0], tuple)
        return self._usual if known is None and is_kind and key not in self._refuted else known
