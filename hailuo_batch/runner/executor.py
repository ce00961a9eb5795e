"""Spreads steps over workers in this process. It knows nothing of what a step is."""

import asyncio
from collections import deque
from collections.abc import Iterable

from hailuo_batch.core.plan.plan import Step
from hailuo_batch.ports import Work


class LocalExecutor:
    """Up to `workers` hands that take the steps in order; a step may bring more steps."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    async def spread(self, steps: Iterable[Step], work: Work) -> None:
        """Comes back when every step and every step that they brought has been worked on.

        The first exception of a worker ends the others and is raised as it is.
        """
        try:
            async with asyncio.TaskGroup() as group:
                _Crew(group, self._workers, work).take_on(steps)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several


class _Crew:
    """The hands at work; more come when a step brings more than those at hand can take."""

    def __init__(self, group: asyncio.TaskGroup, workers: int, work: Work) -> None:
        self._group, self._free, self._work = group, workers, work
        self._queue: deque[Step] = deque()

    def take_on(self, steps: Iterable[Step]) -> None:
        self._queue.extend(steps)
        hands = min(self._free, len(self._queue))
        self._free -= hands
        for _ in range(hands):
            self._group.create_task(self._hand())

    async def _hand(self) -> None:
        while self._queue:
            self.take_on(await self._work(self._queue.popleft()))
        self._free += 1
