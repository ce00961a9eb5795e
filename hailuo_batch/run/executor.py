"""Spreads steps over workers in this process. It knows nothing of what a step is."""

import asyncio
from collections.abc import Iterable

from hailuo_batch.core.plan import Step
from hailuo_batch.ports import Work


class LocalExecutor:
    """`workers` hands that take the steps in order; a step may bring more steps."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    async def spread(self, steps: Iterable[Step], work: Work) -> None:
        """Comes back when every step and every step that they brought has been worked on."""
        queue: asyncio.Queue[Step] = asyncio.Queue()
        for step in steps:
            queue.put_nowait(step)
        hands = min(self._workers, max(queue.qsize(), 1))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_hand(queue, work)) for _ in range(hands)]
            await queue.join()
            for task in tasks:
                task.cancel()


async def _hand(queue: asyncio.Queue[Step], work: Work) -> None:
    while True:
        step = await queue.get()
        try:
            for more in await work(step):
                queue.put_nowait(more)
        finally:
            queue.task_done()
