"""Admission to one provider: when the next step may submit, and whether any still may.

Steps pass in the order of their arrival, one at a time. A step holds a place from before its submit until its task has
ended; polls and downloads of running tasks are not limited here. The rules are in `core/pacing/rate_limit.py`, and how
many takes may be bought before their clips are stored in `core/pacing/slow_start.py`.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.core.pacing.circuit_breaker import FailureStreak, add_failure, breaker_failure, closing_failure
from hailuo_batch.core.pacing.rate_limit import (
    RateState,
    accept_submit,
    add_task,
    fail_submit,
    remove_task,
    start_submit,
    submit_delay,
    throttle,
)
from hailuo_batch.core.pacing.slow_start import (
    LostTake,
    SlowStart,
    add_take,
    delivery_failure,
    lose_take,
    remove_take,
    store_take,
)
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.ports import WaitListener, ignore_wait
from hailuo_batch.runner.shared_pace import SharedPace
from hailuo_batch.runner.shutdown import Stop, wake
from hailuo_batch.values import dataclass

PATIENCE = 300.0  # seconds that a provider may ask to wait, at once or for one submit, before submits to it end
_NO_STREAK = FailureStreak()
_LOG = logging.getLogger("hailuo_batch.wait")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How time passes: a clock in seconds that never goes back, and how many of them pass in a real one."""

    elapsed: Callable[[], float]
    speed: float = 1.0

    def now(self) -> float:
        """The moment, in the seconds that limits are written in."""
        return self.elapsed() * self.speed


class Limiter:
    """The limiter of one provider."""

    def __init__(self, provider: str, pace: RateState, slow_start: SlowStart, *, tempo: Tempo, stop: Stop) -> None:
        self.provider, self.pace, self.slow_start, self.patience = provider, pace, slow_start, PATIENCE
        self._tempo, self._stop = tempo, stop
        self.shared: SharedPace | None = None  # where other machines use the same account
        self._in_line = 0
        self._queue_lock = asyncio.Lock()
        self._waiting: asyncio.Future[None] | None = None  # the first step in line
        self._submits = _NO_STREAK
        self._pause = WaitReason.THROTTLED, ""  # why nothing is sent before `pace.not_before`
        self.closed: Failure | None = None

    async def acquire(self, on_wait: WaitListener = ignore_wait) -> Failure | None:
        """Waits for a turn and takes a place; what comes back says why there is none.

        `on_wait` hears of each wait of the first in line; the others wait for it.
        """
        self._in_line += 1
        try:
            return await self._wait_in_line(on_wait)
        finally:
            self._in_line -= 1

    async def _wait_in_line(self, on_wait: WaitListener) -> Failure | None:
        async with self._queue_lock:
            with ExitStack() as wait:
                reported: tuple[WaitReason, int | None] | None = None
                while not self._stop.is_requested and self.closed is None:
                    now = self._tempo.now()
                    if self.pace.not_before - now > self.patience:
                        return self._make_impatient_failure(now)
                    # Money: nothing is bought beyond the window while no clip has come from there.
                    is_held = not self.slow_start.may_buy
                    pause = None if is_held else submit_delay(self.pace, now)
                    slots = self.shared if pause == 0 else None
                    if slots is not None:
                        free = self.pace.max_unanswered - self.pace.unanswered
                        pause = await slots.take(used=self.pace.running, wanted=min(self._in_line, free))
                        if pause == 0 and not self._may_submit():
                            continue  # an answer came meanwhile; the slot lapses
                    if pause == 0:
                        wait.close()  # before a place is taken, so that a listener that raises leaves none behind
                        self.pace = start_submit(self.pace, self._tempo.now())
                        self.slow_start = add_take(self.slow_start)
                        return None
                    line = self._wait_line(pause, now, is_held=is_held, slots=slots)
                    _LOG.debug(line)
                    why_and_until = line.reason, None if pause is None else round(now + pause)
                    if why_and_until != reported:  # woken early, it may wait on as before
                        wait.close()
                        wait.enter_context(on_wait(line))
                        reported = why_and_until
                    await self._wait_turn(pause)
        return self.closed or Failure(kind=FailureKind.STOPPED, why="the run was stopped before it was submitted")

    def _make_impatient_failure(self, now: float) -> Failure:
        why = f"{self.provider} asks to wait {self.pace.not_before - now:,.0f} s before the next call"
        return Failure(kind=FailureKind.THROTTLED, why=why, remedy="Run again then. Nothing was submitted.")

    def _may_submit(self) -> bool:
        is_open = self.closed is None and not self._stop.is_requested and self.slow_start.may_buy
        return is_open and submit_delay(self.pace, self._tempo.now()) == 0

    def _wait_line(self, pause: float | None, now: float, *, is_held: bool, slots: SharedPace | None) -> WaitLine:
        why = ""
        if is_held:
            first = self.slow_start.not_stored
            reason, why = WaitReason.FIRST_CLIPS, f"{first} take{'s go' if first != 1 else ' goes'} first"
        elif slots is not None:
            reason = WaitReason.CONCURRENCY if slots.is_full else WaitReason.OWN_PACE
            why = "other machines use this account too"
        elif pause is None:
            reason = WaitReason.CONCURRENCY
        elif self.pace.not_before - now >= pause:  # what holds longer is the reason
            reason, why = self._pause
        else:
            reason = WaitReason.OWN_PACE
        return WaitLine(reason=reason, seconds=pause, gateway=self.provider, why=why)

    async def _wait_turn(self, pause: float | None) -> None:
        """Waits so long (None: until a place is free), or until submits end; only the first in line waits here."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        alarm = None if pause is None else loop.call_later(pause / self._tempo.speed, wake, self._waiting)
        try:
            await self._stop.submits.wait(self._waiting)
        finally:
            self._waiting = None
            if alarm is not None:
                alarm.cancel()

    def expect_task(self) -> None:
        """A task that was bought lately, by an earlier run, is followed on by this one."""
        self.slow_start = add_take(self.slow_start)

    def add_running_task(self) -> None:
        """A task of an earlier run takes its place; it runs already."""
        self.pace = add_task(self.pace)

    def release(self) -> None:
        """A place is free: the task has ended, or was never accepted."""
        self.pace = remove_task(self.pace)
        self._wake()

    def cancel_submit(self) -> None:
        """The admitted step sent nothing, or was cut off."""
        self.pace, self.slow_start = fail_submit(self.pace, is_outcome_known=True), remove_take(self.slow_start)
        self.release()

    def record_acceptance(self) -> None:
        """A submit was accepted."""
        self.pace = accept_submit(self.pace)
        self._submits = _NO_STREAK
        self._wake()

    def record_refusal(self, failure: Failure, take: str = "") -> float:
        """A submit was not accepted, as far as is known; the seconds that the next one waits for it."""
        now = self._tempo.now()
        is_in_doubt = FAILURE_POLICIES[failure.kind].leaves_doubt
        if is_in_doubt or failure.kind is FailureKind.UNRECORDED:
            self._lose(LostTake(name=take, failure=failure))
        else:
            self.slow_start = remove_take(self.slow_start)
        self.pace = fail_submit(self.pace, is_outcome_known=not is_in_doubt)
        if FAILURE_POLICIES[failure.kind].resend:
            self.pace = throttle(self.pace, now, failure.wait_seconds)
            if self.shared is not None:
                self.shared.pause(max(0.0, self.pace.not_before - now))
        else:
            self._submits = add_failure(self._submits, failure)
        self._close(closing_failure(failure) or breaker_failure(self._submits, self.provider))
        self._wake()
        pause = max(0.0, self.pace.not_before - now)
        if FAILURE_POLICIES[failure.kind].resend:
            reason = WaitReason.THROTTLED if failure.kind is FailureKind.THROTTLED else WaitReason.RESEND
            self._pause = reason, failure.why
            _LOG.info(WaitLine(reason=reason, seconds=pause, gateway=self.provider, why=failure.why))
        return pause

    def record_give_up(self, failure: Failure) -> None:
        """A submit was repeated until patience ended."""
        self._submits = add_failure(self._submits, failure)
        self._close(breaker_failure(self._submits, self.provider))

    def record_clip(self, *, is_counted: bool = True) -> None:
        """A clip is in the store; `is_counted`: its task was bought or expected here."""
        self.slow_start = store_take(self.slow_start, is_counted=is_counted)
        self._wake()

    def record_loss(self, take: str, failure: Failure) -> None:
        """A take that was bought or expected here has no clip: its task failed, or the clip could not be stored."""
        self._lose(LostTake(name=take, failure=failure))
        self._wake()

    def _lose(self, lost: LostTake) -> None:
        self.slow_start = lose_take(self.slow_start, lost)
        self._close(delivery_failure(self.slow_start, self.provider))

    def _close(self, why: Failure | None) -> None:
        self.closed = self.closed or why
        if self.closed:
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            wake(self._waiting)
