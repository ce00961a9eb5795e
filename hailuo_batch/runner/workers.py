"""Workers that take steps in order, one step at a time each. Independent of what a step is."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from hailuo_batch.core.plan.plan import Step

StepHandler = Callable[[Step], Awaitable[Iterable[Step]]]  # carries a step out; what comes back are steps it unlocked


async def run_workers(steps: Iterable[Step], handle: StepHandler, workers: int) -> None:
    """Returns when every step, and every step that they unlocked, was handled by one of up to `workers` workers.

    The first exception of a worker ends the others and is raised as it is.
    """
    try:
        async with asyncio.TaskGroup() as group:
            _WorkerPool(group, workers, handle).enqueue(steps)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from several


class _WorkerPool:
    """The workers; more start when a step unlocks more than those at work can take."""

    def __init__(self, group: asyncio.TaskGroup, workers: int, handle: StepHandler) -> None:
        self._group, self._free, self._handle = group, workers, handle
        self._queue: deque[Step] = deque()

    def enqueue(self, steps: Iterable[Step]) -> None:
        self._queue.extend(steps)
        starting = min(self._free, len(self._queue))
        self._free -= starting
        for _ in range(starting):
            self._group.create_task(self._run_worker())

    async def _run_worker(self) -> None:
        while self._queue:
            self.enqueue(await self._handle(self._queue.popleft()))
        self._free += 1
