"""The two clocks of what is drawn: one that measures, and the one on the wall."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from hailuo_batch.values import dataclass

MonotonicClock = Callable[[], float]  # seconds since some moment, never going back


def _read_wall() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`elapsed` never goes back, and `wall` has the user's time zone."""

    elapsed: MonotonicClock = time.monotonic
    wall: Callable[[], datetime] = _read_wall

    def wall_time(self, seconds: float) -> str:
        """What the clock on the wall will show after this many seconds."""
        return f"{self.wall() + timedelta(seconds=seconds):%H:%M}"


SYSTEM_CLOCKS = Clocks()
