"""How long an answer may take, on a machine that may sleep meanwhile.

After a long stop (a closed lid, SIGSTOP) the deadline has passed, and the answer may lie in the socket, unread. A
time-out of aiohttp or asyncio then discards it. This one lets the loop read first.
"""

import asyncio
from types import TracebackType

TURN_SECONDS = 0.2  # after the deadline, to read what has arrived
GAP_SECONDS = 1.0  # a deadline that is seen so late was slept through
WAKE_SECONDS = 5.0  # after such a gap, until the network is there again


class AnswerDeadline:
    """Raises `TimeoutError` when what is inside takes longer, but not before the loop had a turn to read.

    It moves on after each gap, and by one turn at the end.
    """

    __slots__ = ("_alarm", "_due", "_is_last_turn", "_loop", "_seconds", "_timeout")

    def __init__(self, seconds: float) -> None:
        self._timeout, self._loop = asyncio.timeout(None), asyncio.get_running_loop()
        self._seconds, self._is_last_turn = seconds, False

    async def __aenter__(self) -> None:
        """The time begins."""
        await self._timeout.__aenter__()
        self._arm(self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The time is over, or no longer counts."""
        self._alarm.cancel()
        await self._timeout.__aexit__(kind, error, trace)

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
