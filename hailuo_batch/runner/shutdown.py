"""A wish to stop: asked once, seen at once by everybody who waits. Nothing here knows what is being waited for."""

import asyncio


class Signal:
    """Something that happens once; whoever naps on it wakes."""

    def __init__(self) -> None:
        self.given = False
        self._naps: set[asyncio.Future[None]] = set()

    def give(self) -> None:
        """Wakes everybody, now and from now on."""
        self.given = True
        for nap in self._naps:
            wake(nap)

    async def nap(self, seconds: float) -> None:
        """Waits so long, or until the signal is given."""
        loop = asyncio.get_running_loop()
        nap: asyncio.Future[None] = loop.create_future()
        alarm = loop.call_later(seconds, wake, nap)
        try:
            await self.until(nap)
        finally:
            alarm.cancel()

    async def until(self, nap: "asyncio.Future[None]") -> None:
        """Waits until somebody wakes the nap, or the signal is given."""
        if self.given:
            return
        self._naps.add(nap)
        try:
            await nap
        finally:
            self._naps.discard(nap)


def wake(nap: "asyncio.Future[None]") -> None:
    """Ends a nap, if it has not ended."""
    if not nap.done():
        nap.set_result(None)


class Stop:
    """Nothing new is sent once it is asked for; with `leave`, tasks that run are left to the next run as well."""

    def __init__(self) -> None:
        self.reason = ""
        self.submits = Signal()  # no new submits
        self.waits = Signal()  # no more waiting for tasks

    @property
    def asked(self) -> bool:
        """Whether somebody asked."""
        return self.submits.given

    def ask(self, reason: str, *, leave: bool = True) -> None:
        """Asks to stop; the first reason counts."""
        self.reason = self.reason or reason
        self.submits.give()
        if leave:
            self.waits.give()
