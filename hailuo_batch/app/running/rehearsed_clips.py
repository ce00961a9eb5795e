"""The clips of a rehearsal: the sketch of each shot, drawn here and delivered by the mock as if it had rendered it.

A clip is drawn after its task has ended and before its download begins. Nothing waits on the network meanwhile, and how
long a drawing takes is not learnt as how long a gateway renders.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.drivers.animatic import drawing_path, make_sketch
from hailuo_batch.mock.prices import rendered_seconds
from hailuo_batch.mock.task import Task
from hailuo_batch.ports import DataPlane, Driver, DriverRequest, Produced, ProviderTask


class RehearsedClips:
    """Draws sketches into temporary files in `folder`, and finds them for the mock by task."""

    def __init__(self, data_plane: DataPlane, folder: Path) -> None:
        self._data_plane, self._folder = data_plane, folder
        self._files: dict[tuple[str, str], Path] = {}

    def find(self, task: Task) -> Path | None:
        """The drawing of a task; None where the script wants another clip than was ordered."""
        is_as_ordered = (task.clip.resolution, task.clip.seconds) == (task.resolution, task.seconds)
        return self._files.get((task.gateway, task.id)) if is_as_ordered else None

    async def draw(self, driver_request: DriverRequest, provider: Provider, task: str) -> None:
        """Draws the clip of a task, unless it is there; where that fails, the mock delivers a card of its own."""
        if (provider.name, task) in self._files:
            return
        sketch, target = make_sketch(driver_request, provider), drawing_path(self._folder)
        rehearsed = replace(sketch, seconds=rendered_seconds(sketch.seconds), rehearsal=True)
        if await self._data_plane.draw(rehearsed, target) is None:
            self._files[provider.name, task] = target

    async def remove(self, provider: Provider, task: str) -> None:
        """Removes a drawing that was delivered."""
        file = self._files.pop((provider.name, task), None)
        if file is not None:
            await asyncio.to_thread(file.unlink, missing_ok=True)


class RehearsalDriver:
    """A gateway's driver whose clips are drawn before they are downloaded; implements `ports.Driver`."""

    def __init__(self, driver: Driver, provider: Provider, clips: RehearsedClips) -> None:
        self._driver, self._provider, self._clips = driver, provider, clips
        self._tasks: dict[str, str] = {}  # by the link that leads to the clip

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """As the gateway's driver does it."""
        return await self._driver.submit(driver_request)

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:
        """As the gateway's driver does it."""
        produced = await self._driver.wait(driver_request, task)
        if isinstance(produced, Produced):
            self._tasks[produced.link] = task.id
        return produced

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:
        """Draws the clip, and downloads it from the mock."""
        task = self._tasks.get(produced.link, "")
        await self._clips.draw(driver_request, self._provider, task)
        failure = await self._driver.download(driver_request, produced, target)
        if failure is None:
            del self._tasks[produced.link]
            await self._clips.remove(self._provider, task)
        return failure
