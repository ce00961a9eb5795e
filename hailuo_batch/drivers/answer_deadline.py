"""How long an answer may take, on a machine that may sleep meanwhile.

After a long stop (a closed lid, SIGSTOP) the deadline has passed, and the answer may lie in the socket, unread. A
time-out of aiohttp or asyncio then discards it. This one lets the loop read first.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TURN_SECONDS = 0.2  # after the deadline, to read what has arrived
GAP_SECONDS = 1.0  # a deadline that is seen so late was slept through
WAKE_SECONDS = 5.0  # after such a gap, until the network is there again


@asynccontextmanager
async def answer_deadline(seconds: float) -> AsyncIterator[None]:
    """Raises `TimeoutError` when what is inside takes longer, but not before the loop had a turn to read."""
    async with asyncio.timeout(None) as timeout:
        deadline = _Deadline(timeout, seconds)
        try:
            yield
        finally:
            deadline.cancel()


class _Deadline:
    """Moves on after each gap, and by one turn at the end."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float) -> None:
        self._timeout, self._loop = timeout, asyncio.get_running_loop()
        self._is_last_turn = False
        self._arm(seconds)

    def cancel(self) -> None:
        self._alarm.cancel()

    def _arm(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._alarm = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        now = self._loop.time()
        if now - self._due > GAP_SECONDS:
            self._arm(WAKE_SECONDS)
        elif not self._is_last_turn:
            self._is_last_turn = True
            self._arm(TURN_SECONDS)
        else:
            self._timeout.reschedule(now)
