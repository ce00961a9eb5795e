"""The free driver: draws a request on this machine, in worker processes so that all cores draw.

A drawing is asked for, followed and fetched like a clip of any provider, so that a sketch and a purchase take the same
way through a run. Its task is the request itself: a run that was killed draws it again. How worker processes live and
die stands in `render_pool.py`.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.request.request import ImageRef, sketch_seconds
from hailuo_batch.drivers.render_pool import RenderPool, WorkerDiedError
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.animatic.values import Sketch, Still
from hailuo_batch.ports import DriverRequest, Produced, ProviderTask


class AnimaticDriver:
    """Draws with `workers` processes, into temporary files in `folder`; an async context manager."""

    def __init__(self, *, workers: int, folder: Path) -> None:
        self._folder = folder
        self._pool = RenderPool(workers)

    async def __aenter__(self) -> Self:
        """Itself; the processes start with the first drawing."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Ends the worker processes: after the drawing in hand, or at once when something went wrong."""
        await self._pool.close(at_once=kind is not None)

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """Nothing is sent and nothing is charged; the task is the request."""
        return ProviderTask(id=driver_request.fingerprint)

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:  # noqa: ARG002 - the task is the request
        """Draws the clip; `link` is the file it is in."""
        target = self._folder / f"drawing-{os.getpid()}-{driver_request.fingerprint}.mp4"
        try:
            await self._pool.draw(_make_sketch(driver_request), target)
        except HailuoError as error:
            return Failure(
                kind=FailureKind.REFUSED, why=f"{error.summary}: {error.why}".rstrip(": "), remedy=error.remedy
            )
        except OSError as error:
            return Failure(kind=FailureKind.NO_ROOM, why=f"the drawing could not be written: {error.strerror}")
        except WorkerDiedError as error:
            return Failure(
                kind=FailureKind.BROKEN,
                why=f"the drawing process died twice: {error}",
                remedy="Look at the memory that is left.",
            )
        return Produced(link=str(target))

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Moves the drawing to its place."""
        try:
            Path(produced.link).replace(target)
        except OSError as error:
            return Failure(kind=FailureKind.NO_ROOM, why=f"the drawing could not be moved: {error.strerror}")
        return None


def _make_sketch(driver_request: DriverRequest) -> Sketch:
    request = driver_request.request
    return Sketch(
        campaign=driver_request.campaign,
        shot=driver_request.shot,
        take=request.take,
        prompt=request.prompt,
        seconds=sketch_seconds(request.duration),
        resolution=request.resolution,
        first=_make_still(request.first, driver_request),
        last=_make_still(request.last, driver_request),
        mark=driver_request.fingerprint.removeprefix("v1-")[:8],
    )


def _make_still(image: ImageRef | None, driver_request: DriverRequest) -> Still | None:
    """The picture's file; one that is not on this machine (a web address) is drawn as if there were none."""
    if image is None or image.digest not in driver_request.images:
        return None
    return Still(path=driver_request.images[image.digest], frame=str(image.frame or ""))
