"""Graceful shutdown: requested once, seen at once by everything that waits. Independent of what is waited for."""

import asyncio


class Signal:
    """Something that happens once, and wakes every sleeper."""

    def __init__(self) -> None:
        self.is_triggered = False
        self._sleepers: set[asyncio.Future[None]] = set()

    def trigger(self) -> None:
        """Wakes everybody, now and from now on."""
        self.is_triggered = True
        for nap in self._sleepers:
            wake(nap)

    async def sleep(self, seconds: float) -> None:
        """Waits so long, or until the signal is given."""
        loop = asyncio.get_running_loop()
        nap: asyncio.Future[None] = loop.create_future()
        alarm = loop.call_later(seconds, wake, nap)
        try:
            await self.wait(nap)
        finally:
            alarm.cancel()

    async def wait(self, future: "asyncio.Future[None]") -> None:
        """Waits until the nap is woken, or the signal is given."""
        if self.is_triggered:
            return
        self._sleepers.add(future)
        try:
            await future
        finally:
            self._sleepers.discard(future)


def wake(future: "asyncio.Future[None]") -> None:
    """Ends a nap, if it has not ended."""
    if not future.done():
        future.set_result(None)


class Stop:
    """Once requested, nothing new is submitted; with `leave_tasks`, running tasks are left to the next run as well."""

    def __init__(self) -> None:
        self.reason = ""
        self.submits = Signal()  # no new submits
        self.waits = Signal()  # ends the waits for tasks

    @property
    def is_requested(self) -> bool:
        """Whether a stop was requested."""
        return self.submits.is_triggered

    def request(self, reason: str, *, leave_tasks: bool = True) -> None:
        """Asks to stop; the first reason counts."""
        self.reason = self.reason or reason
        self.submits.trigger()
        if leave_tasks:
            self.waits.trigger()
