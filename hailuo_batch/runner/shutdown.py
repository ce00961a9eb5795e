"""A wish to stop: asked once, seen at once by everybody who waits. Nothing here knows what is being waited for."""

import asyncio


class Signal:
    """Something that happens once; whoever naps on it wakes."""

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
        """Waits until somebody wakes the nap, or the signal is given."""
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
    """Nothing new is sent once it is asked for; with `leave_tasks`, tasks that run are left to the next run as well."""

    def __init__(self) -> None:
        self.reason = ""
        self.submits = Signal()  # no new submits
        self.waits = Signal()  # no more waiting for tasks

    @property
    def is_requested(self) -> bool:
        """Whether somebody asked."""
        return self.submits.is_triggered

    def request(self, reason: str, *, leave_tasks: bool = True) -> None:
        """Asks to stop; the first reason counts."""
        self.reason = self.reason or reason
        self.submits.trigger()
        if leave_tasks:
            self.waits.trigger()
