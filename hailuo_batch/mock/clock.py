"""The mock's own time: it begins now and may run faster than the world's."""

import asyncio
import time


class Clock:
    """`speed` of its seconds pass in one of the world's; `advance` lets any number pass at once."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError("time goes forward")
        self.speed = speed
        self._begin = time.time()
        self._since = time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch, by this clock."""
        return self._begin + (time.monotonic() - self._since) * self.speed

    def advance(self, seconds: float) -> None:
        """Puts it forward, or back. Who sleeps already is not woken."""
        self._begin += seconds

    async def sleep(self, seconds: float) -> None:
        """Waits so many of its own seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)
