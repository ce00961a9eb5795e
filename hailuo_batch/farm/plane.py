"""A data plane that gives the heavy work to a farm, and does here what the farm does not do.

Only good news come from a farm: a result that is there and has its digest. Whatever else comes, this machine does the
work itself, with the same code, so the result and every message are the same as without a farm.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.measures import ClipMeasures, GivenImage, parse_measures
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import HailuoError
from hailuo_batch.farm.jobs import Job, check_job, drawing_job, proxy_job
from hailuo_batch.farm.kit import choose_drawing_kit, find_kit
from hailuo_batch.farm.queue import Queue
from hailuo_batch.store.exchange import Exchange
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.drivers.download import Downloader


_TROUBLES = (HailuoError, OSError, ValueError, KeyError, TypeError, AttributeError)  # an answer may be anything
_MOST_TROUBLES = 3  # then this machine does the rest: each may have taken seconds


@dataclass(slots=True)
class FarmTally:
    """How many jobs the farm did, how many this machine did in its place, and what kept the farm from them."""

    farmed: int = 0
    here: int = 0
    troubles: list[str] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)  # digests of shared files, by path, size and time

    @property
    def is_over(self) -> bool:
        """Whether the farm failed so often that this machine does the rest."""
        return len(self.troubles) >= _MOST_TROUBLES

    def note(self, error: Exception) -> None:
        """Remembers what kept the farm from a job."""
        words = f"{error.summary}: {error.why}" if isinstance(error, HailuoError) else str(error)
        self.troubles.append(words.rstrip(": ."))

    def give_up(self, error: HailuoError) -> None:
        """Remembers what keeps the farm from every job."""
        for _ in range(_MOST_TROUBLES):
            self.note(error)

    def __str__(self) -> str:
        """In words for people; "" where nothing was given away."""
        if not self.farmed + self.here:
            return ""
        why = f" ({self.troubles[0]})" if self.troubles else " (no worker of this version was there)"
        here = f", {self.here:,} on this machine{why}" if self.here else ""
        return f"done by the farm: {self.farmed:,}{here}"


class Leave(Protocol):
    """When a run no longer waits for what it gave away."""

    is_triggered: bool

    async def wait(self, future: "asyncio.Future[None]") -> None:
        """Returns when the future is done, or the run leaves; then the future is done as well."""


class FarmDataPlane:
    """Implements `ports.DataPlane` with a queue, an exchange and this machine."""

    def __init__(
        self,
        local: LocalDataPlane,
        queue: Queue,
        exchange: Exchange,
        *,
        leave: Leave | None = None,
        tally: FarmTally | None = None,
    ) -> None:
        self._local, self._queue, self._exchange, self._leave = local, queue, exchange, leave
        self.tally = FarmTally() if tally is None else tally

    def with_downloader(self, downloader: "Downloader") -> "FarmDataPlane":
        """The same farm, with a network that is open for now."""
        local = self._local.with_downloader(downloader)
        return FarmDataPlane(local, self._queue, self._exchange, leave=self._leave, tally=self.tally)

    async def draw(self, sketch: Sketch, target: Path) -> Failure | None:
        """Draws a sketch into a file; None is success."""
        try:
            if await self._draw_elsewhere(sketch, target):
                return None
        except _TROUBLES as error:
            self.tally.note(error)
        if self._leave is not None and self._leave.is_triggered:
            return Failure(kind=FailureKind.STOPPED, why="the run was stopped before its sketch was drawn")
        self.tally.here += 1
        return await self._local.draw(sketch, target)

    async def download(self, link: str, target: Path) -> Failure | None:
        """Downloads what a link leads to into a file: always here, since a link is a secret."""
        return await self._local.download(link, target)

    async def probe(self, file: Path, digest: str, *, decode: bool) -> Clip | Failure:
        """The facts of a clip: always here, since the file is."""
        return await self._local.probe(file, digest, decode=decode)

    async def check(self, clip: Path) -> str:
        """Why a clip does not decode from its first frame to its last; "" when it does."""
        try:
            if not self.tally.is_over and await self._is_whole_elsewhere(clip):
                self.tally.farmed += 1
                return ""
        except _TROUBLES as error:
            self.tally.note(error)
        self.tally.here += 1
        return await self._local.check(clip)

    async def measure(
        self, clip: Path, given: Sequence[GivenImage], stills: Mapping[StillAt, Path]
    ) -> ClipMeasures | Failure:
        """Measures a clip and writes its stills; a Failure when nothing could be tried."""
        try:
            found = await self._measure_elsewhere(clip, given, stills)
        except _TROUBLES as error:
            self.tally.note(error)
            found = None
        if found is not None:
            return found
        self.tally.here += 1
        return await self._local.measure(clip, given, stills)

    async def _draw_elsewhere(self, sketch: Sketch, target: Path) -> bool:
        if self.tally.is_over:
            return False
        stills = {still.path for still in (sketch.first, sketch.last) if still is not None}
        kit = choose_drawing_kit(f"{sketch.campaign}{sketch.shot}{sketch.prompt}")
        job = drawing_job(sketch, {path: await self._share(Path(path)) for path in stills}, kit)
        answer = await self._answer(job)
        if answer is None or not await self._fetch(job, str(answer["files"]["clip"]), target):
            return False
        self.tally.farmed += 1
        return True

    async def _is_whole_elsewhere(self, clip: Path) -> bool:
        answer = await self._answer(check_job(await self._share(clip), find_kit()))
        return answer is not None and answer["whole"] is True

    async def _measure_elsewhere(
        self, clip: Path, given: Sequence[GivenImage], stills: Mapping[StillAt, Path]
    ) -> ClipMeasures | None:
        if self.tally.is_over:
            return None
        for each in given:
            if not each.path or await self._share(Path(each.path)) != each.digest:
                return None  # it has changed: here it is left out
        job = proxy_job(await self._share(clip), tuple(given), tuple(map(str, stills)), find_kit())
        answer = await self._answer(job)
        if answer is None:
            return None
        measures, drawn = parse_measures(answer["measured"]), dict(answer["files"])
        for at, path in stills.items():
            if str(at) in drawn and not await self._fetch(job, str(drawn[str(at)]), path):
                return None
        self.tally.farmed += 1
        return measures

    async def _answer(self, job: Job) -> dict[str, Any] | None:
        """The answer of a job, from before or from a worker; None when there is none."""
        known = await asyncio.to_thread(self._exchange.read_answer, job.key)
        if known is None:
            await self._run(job)
            known = await asyncio.to_thread(self._exchange.read_answer, job.key)
        return known

    async def _run(self, job: Job) -> None:
        """Returns when a job is done, will not be, or is no longer waited for."""
        if self._leave is None:
            return await self._queue.run(job)
        running = asyncio.create_task(self._queue.run(job))
        nap: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        running.add_done_callback(lambda _: None if nap.done() else nap.set_result(None))
        try:
            await self._leave.wait(nap)
        finally:
            if not running.done():
                running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return None

    async def _share(self, file: Path) -> str:
        """The digest of a file that workers can fetch; one that has not changed since is not read again."""
        found = file.stat()
        stamp = f"{file}\0{found.st_size}\0{found.st_mtime_ns}\0{found.st_ino}"
        if stamp not in self.tally.shared:
            self.tally.shared[stamp] = await asyncio.to_thread(self._exchange.share, file)
        return self.tally.shared[stamp]

    async def _fetch(self, job: Job, digest: str, target: Path) -> bool:
        """Whether a file of an answer is at `target` now; an answer without its file is removed."""
        if await asyncio.to_thread(self._exchange.fetch, digest, target):
            return True
        await asyncio.to_thread(self._exchange.remove_answer, job.key)
        return False
