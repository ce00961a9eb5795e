"""Admission to one provider: who may submit when, and whether anybody still may (see `core/pacing/rate_limit.py`).

Steps pass in the order in which they came, one at a time. A place is taken from before the submit until the task has
ended; polls and downloads of tasks that run pass no gate.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hailuo_batch.core.attempt.failure import ALLOWS, Failure, Kind
from hailuo_batch.core.pacing.circuit_breaker import Streak, closing, struck
from hailuo_batch.core.pacing.rate_limit import Pace, accepted, answered, ended, joined, sending, throttled, wait
from hailuo_batch.runner.shutdown import Stop, wake

PATIENCE = 300.0  # seconds that a provider may ask to wait, in one go or for one submit, before it is not asked again
_UNMOVED = Streak()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How time passes: a clock in seconds that never goes back, and how many of them pass in a real one."""

    elapsed: Callable[[], float]
    speed: float = 1.0

    def now(self) -> float:
        """The moment, in the seconds that limits are written in."""
        return self.elapsed() * self.speed


class Gate:
    """One provider's door."""

    def __init__(self, provider: str, pace: Pace, *, tempo: Tempo, stop: Stop) -> None:
        self.provider, self.pace, self.patience = provider, pace, PATIENCE
        self._tempo, self._stop = tempo, stop
        self._line = asyncio.Lock()
        self._waiting: asyncio.Future[None] | None = None  # whoever is first in line
        self._submits = self._tasks = _UNMOVED
        self.closed: Failure | None = None

    async def enter(self) -> Failure | None:
        """Waits for a turn and takes a place; what comes back says why there is none."""
        async with self._line:
            while not self._stop.asked and self.closed is None:
                now = self._tempo.now()
                if self.pace.not_before - now > self.patience:
                    why = f"{self.provider} asks to wait {self.pace.not_before - now:,.0f} s before the next call"
                    return Failure(kind=Kind.THROTTLED, why=why, remedy="Run again then; nothing was sent.")
                pause = wait(self.pace, now)
                if pause == 0:
                    self.pace = sending(self.pace, now)
                    return None
                await self._turn(pause)
        return self.closed or Failure(kind=Kind.STOPPED, why="the run was stopped before it was sent")

    async def _turn(self, pause: float | None) -> None:
        """Waits so long (None: until somebody leaves), or until the door is closed; only the first in line is here."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        alarm = None if pause is None else loop.call_later(pause / self._tempo.speed, wake, self._waiting)
        try:
            await self._stop.submits.until(self._waiting)
        finally:
            self._waiting = None
            if alarm is not None:
                alarm.cancel()

    def join(self) -> None:
        """A task of an earlier run takes its place; it runs already."""
        self.pace = joined(self.pace)

    def leave(self) -> None:
        """A place is free: the task has ended, or was never accepted."""
        self.pace = ended(self.pace)
        self._wake()

    def unsent(self) -> None:
        """Whoever entered sent nothing, or was cut off."""
        self.pace = answered(self.pace, clear=True)
        self.leave()

    def taken(self) -> None:
        """A submit was accepted."""
        self.pace = accepted(self.pace)
        self._submits = _UNMOVED
        self._wake()

    def refused(self, failure: Failure) -> float:
        """A submit was not accepted; the seconds that the next one waits for it."""
        now = self._tempo.now()
        self.pace = answered(self.pace, clear=failure.kind is not Kind.UNCLEAR)
        if ALLOWS[failure.kind].resend:
            self.pace = throttled(self.pace, now, failure.wait)
        else:
            self._submits = struck(self._submits, failure)
        self._close(failure if ALLOWS[failure.kind].stops_provider else closing(self._submits, self.provider))
        self._wake()
        return max(0.0, self.pace.not_before - now)

    def gave_up(self, failure: Failure) -> None:
        """A submit was repeated until patience ended."""
        self._submits = struck(self._submits, failure)
        self._close(closing(self._submits, self.provider))

    def made(self) -> None:
        """A task has its clip."""
        self._tasks = _UNMOVED

    def failed(self, failure: Failure) -> None:
        """A task ended without a clip, or could not be followed."""
        self._tasks = struck(self._tasks, failure)
        self._close(closing(self._tasks, self.provider))

    def _close(self, why: Failure | None) -> None:
        self.closed = self.closed or why
        if self.closed:
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            wake(self._waiting)
