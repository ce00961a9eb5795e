"""Spreads steps over workers in this process. It knows nothing of what a step is."""

import asyncio
from collections import deque
from collections.abc import Iterable

from hailuo_batch.core.plan.plan import Step
from hailuo_batch.ports import StepHandler


class LocalExecutor:
    """Up to `workers` hands that take the steps in order; a step may bring more steps."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    async def run(self, steps: Iterable[Step], handle: StepHandler) -> None:
        """Comes back when every step and every step that they brought has been worked on.

        The first exception of a worker ends the others and is raised as it is.
        """
        try:
            async with asyncio.TaskGroup() as group:
                _WorkerPool(group, self._workers, handle).enqueue(steps)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several


class _WorkerPool:
    """The hands at work; more come when a step brings more than those at hand can take."""

    def __init__(self, group: asyncio.TaskGroup, workers: int, handle: StepHandler) -> None:
        self._group, self._free, self._handle = group, workers, handle
        self._queue: deque[Step] = deque()

    def enqueue(self, steps: Iterable[Step]) -> None:
        self._queue.extend(steps)
        hands = min(self._free, len(self._queue))
        self._free -= hands
        for _ in range(hands):
            self._group.create_task(self._run_worker())

    async def _run_worker(self) -> None:
        while self._queue:
            self.enqueue(await self._handle(self._queue.popleft()))
        self._free += 1
