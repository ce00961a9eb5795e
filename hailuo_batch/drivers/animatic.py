"""The free driver: draws a request on this machine, in worker processes so that all cores draw.

A drawing is asked for, followed and fetched like a clip of any provider, so that a sketch and a purchase take the same
way through a run. Its task is the request itself: a run that was killed draws it again.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from hailuo_batch.core.failure import Failure, Kind
from hailuo_batch.core.request import Input, seconds_of
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.animatic import Sketch, Still
from hailuo_batch.ports import Order, Produced, Task


class AnimaticDriver:
    """Draws with `workers` processes, into temporary files in `folder`; an async context manager."""

    def __init__(self, *, workers: int, folder: Path) -> None:
        self._workers = workers
        self._folder = folder
        self._pool = self._new_pool()
        self._left = False

    async def __aenter__(self) -> Self:
        """Itself; the processes start with the first drawing."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Ends the worker processes: after the drawing in hand, or at once when something went wrong."""
        self._left = True  # from here on nobody is replaced
        if kind is not None:
            _end(self._pool)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def submit(self, order: Order) -> Task | Failure:
        """Nothing is sent and nothing is charged; the task is the request."""
        return Task(id=order.fingerprint)

    async def wait(self, order: Order, task: Task) -> Produced | Failure:  # noqa: ARG002 - the task is the request
        """Draws the clip; `link` is the file it is in."""
        target = self._folder / f"drawing-{os.getpid()}-{order.fingerprint}.mp4"
        sketch = _sketch(order)
        try:
            return await self._draw(sketch, target)
        except HailuoError as error:
            return Failure(kind=Kind.REFUSED, why=f"{error.summary}: {error.why}".rstrip(": "), remedy=error.remedy)
        except OSError as error:
            return Failure(kind=Kind.NO_ROOM, why=f"the drawing could not be written: {error.strerror}")
        except BrokenProcessPool:
            return Failure(
                kind=Kind.BROKEN, why="the drawing process died twice", remedy="Look at the memory that is left."
            )

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Moves the drawing to its place."""
        try:
            Path(produced.link).replace(target)
        except OSError as error:
            return Failure(kind=Kind.NO_ROOM, why=f"the drawing could not be moved: {error.strerror}")
        return None

    async def _draw(self, sketch: Sketch, target: Path) -> Produced:
        loop = asyncio.get_running_loop()
        pool = self._pool
        try:
            await loop.run_in_executor(pool, _drawn, sketch, target)
        except BrokenProcessPool:
            if self._left:
                raise
            # Drawing is free: a worker that was killed is replaced, and the drawing made once more.
            if pool is self._pool:
                self._pool = self._new_pool()
            await loop.run_in_executor(self._pool, _drawn, sketch, target)
        return Produced(link=str(target))

    def _new_pool(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")  # a forked copy of a process with threads and a loop may hang
        return ProcessPoolExecutor(self._workers, mp_context=spawn, initializer=_settle_in)


def _sketch(order: Order) -> Sketch:
    request = order.request
    return Sketch(
        campaign=order.campaign,
        shot=order.shot,
        take=request.take,
        prompt=request.prompt,
        seconds=seconds_of(request.duration),
        resolution=request.resolution,
        first=_still(request.first, order),
        last=_still(request.last, order),
        mark=order.fingerprint.removeprefix("v1-")[:8],
    )


def _still(picture: Input | None, order: Order) -> Still | None:
    """The picture's file; one that is not on this machine (a web address) is drawn as if there were none."""
    if picture is None or picture.digest not in order.pictures:
        return None
    return Still(path=order.pictures[picture.digest], frame=str(picture.frame or ""))


def _drawn(sketch: Sketch, target: Path) -> None:
    from hailuo_batch.media.animatic import draw

    draw(sketch, target)


def _settle_in() -> None:
    """A worker leaves Ctrl-C to the run, and ends when the run's process is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: BaseProcess) -> None:
    parent.join()
    os._exit(0)  # at once: there is nobody left to hand anything to


def _end(pool: ProcessPoolExecutor) -> None:
    for process in list((pool._processes or {}).values()):  # noqa: SLF001 - the pool has no public way to end at once
        process.terminate()
