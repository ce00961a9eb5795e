"""The free driver: draws a request on this machine, in worker processes so that all cores draw.

A drawing is asked for, followed and fetched like a clip of any provider, so that a sketch and a purchase take the same
way through a run. Its task is the request itself: a run that was killed draws it again. How worker processes live and
die stands in `render_pool.py`.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.request.request import Input, seconds_of
from hailuo_batch.drivers.render_pool import Studio, WorkerDiedError
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.animatic.values import Sketch, Still
from hailuo_batch.ports import Order, Produced, Task


class AnimaticDriver:
    """Draws with `workers` processes, into temporary files in `folder`; an async context manager."""

    def __init__(self, *, workers: int, folder: Path) -> None:
        self._folder = folder
        self._studio = Studio(workers)

    async def __aenter__(self) -> Self:
        """Itself; the processes start with the first drawing."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Ends the worker processes: after the drawing in hand, or at once when something went wrong."""
        await self._studio.close(at_once=kind is not None)

    async def submit(self, order: Order) -> Task | Failure:
        """Nothing is sent and nothing is charged; the task is the request."""
        return Task(id=order.fingerprint)

    async def wait(self, order: Order, task: Task) -> Produced | Failure:  # noqa: ARG002 - the task is the request
        """Draws the clip; `link` is the file it is in."""
        target = self._folder / f"drawing-{os.getpid()}-{order.fingerprint}.mp4"
        try:
            await self._studio.draw(_sketch(order), target)
        except HailuoError as error:
            return Failure(kind=Kind.REFUSED, why=f"{error.summary}: {error.why}".rstrip(": "), remedy=error.remedy)
        except OSError as error:
            return Failure(kind=Kind.NO_ROOM, why=f"the drawing could not be written: {error.strerror}")
        except WorkerDiedError as error:
            return Failure(
                kind=Kind.BROKEN,
                why=f"the drawing process died twice: {error}",
                remedy="Look at the memory that is left.",
            )
        return Produced(link=str(target))

    async def fetch(self, order: Order, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Moves the drawing to its place."""
        try:
            Path(produced.link).replace(target)
        except OSError as error:
            return Failure(kind=Kind.NO_ROOM, why=f"the drawing could not be moved: {error.strerror}")
        return None


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
