"""The free driver: has the data plane draw a request.

A sketch is submitted, polled and downloaded like any clip, so that it takes the same path through a run as a purchase.
Its task is the request itself: a run that was killed draws it again.
"""

import os
import secrets
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.lengths import drawn_seconds, has_part_second
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.ports import DataPlane, DriverRequest, Produced, ProviderTask


class AnimaticDriver:
    """Draws what a local provider offers, into temporary files in `folder`."""

    def __init__(self, data_plane: DataPlane, *, provider: Provider, folder: Path) -> None:
        self._data_plane, self._provider, self._folder = data_plane, provider, folder

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """Nothing is sent and nothing is charged; the task is the request."""
        return ProviderTask(id=driver_request.fingerprint)

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:  # noqa: ARG002 - the task is the request
        """Draws the clip; `link` is the file it is in."""
        target = drawing_path(self._folder)
        failure = await self._data_plane.draw(make_sketch(driver_request, self._provider), target)
        return failure or Produced(link=str(target))

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:  # noqa: ARG002
        """Moves the drawing to its place."""
        try:
            Path(produced.link).replace(target)
        except OSError as error:
            return Failure(kind=FailureKind.NO_ROOM, why=f"the sketch could not be moved: {error.strerror}")
        return None


def drawing_path(folder: Path) -> Path:
    """A new temporary file in this folder, by a name that nobody can foresee."""
    return folder / f"drawing-{os.getpid()}-{secrets.token_hex(8)}.mp4"


def make_sketch(driver_request: DriverRequest, provider: Provider) -> Sketch:
    """The sketch of a request, as long as the provider makes it."""
    request = driver_request.request
    return Sketch(
        campaign=driver_request.campaign,
        shot=driver_request.shot,
        take=request.take,
        prompt=request.prompt,
        seconds=_find_seconds(request.duration, provider),
        resolution=request.resolution,
        first=_make_still(request.first, driver_request),
        last=_make_still(request.last, driver_request),
        mark=driver_request.fingerprint.removeprefix("v1-")[:8],
    )


def _find_seconds(duration: Duration, provider: Provider) -> float:
    if has_part_second(duration):
        return drawn_seconds(duration, provider.model.lengths)
    return provider.find_seconds(duration) or 0


def _make_still(image: ImageRef | None, driver_request: DriverRequest) -> Still | None:
    """The image's file; one that is not on this machine (a web address) is left out."""
    if image is None or image.digest not in driver_request.images:
        return None
    return Still(path=str(driver_request.images[image.digest]), frame=str(image.frame or ""))
