"""The data plane of one machine: worker processes draw and measure, the event loop downloads, threads decode.

None of this costs money or knows a ledger, so each piece of work may be repeated. Media libraries are imported on first
use: a run that buys one clip loads no drawing code.
"""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.drivers.render_pool import NoWorkerError, RenderPool, WorkerDiedError
from hailuo_batch.errors import HailuoError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import read_regular

_MAX_IMAGE, _IMAGE_SIDE = 1024**3, 640  # bytes of a given image; pixels of the longer side of its still
MEASURE_SECONDS = 60.0  # for one clip; ten seconds at 1080p take one or two


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hailuo_batch.core.measures import ClipMeasures, GivenImage
    from hailuo_batch.core.plan.render_names import StillAt
    from hailuo_batch.drivers.download import Downloader


class LocalDataPlane:
    """Implements `ports.DataPlane` with up to `workers` drawing processes; an async context manager."""

    def __init__(self, *, workers: int = 0, pool: RenderPool | None = None, downloader: "Downloader | None" = None):
        self._pool, self._downloader = pool or RenderPool(workers), downloader

    def with_downloader(self, downloader: "Downloader") -> "LocalDataPlane":
        """The same workers, with a network that is open for now."""
        return LocalDataPlane(pool=self._pool, downloader=downloader)

    async def __aenter__(self) -> Self:
        """Itself; the processes start with the first drawing."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        """Ends the worker processes: after the drawing in progress, or at once when something went wrong."""
        await self._pool.close(at_once=kind is not None)

    async def draw(self, sketch: Sketch, target: Path) -> Failure | None:
        """Draws a sketch into a file; None is success."""
        try:
            await self._pool.draw(sketch, target)
        except HailuoError as error:
            why = f"{error.summary}: {error.why}".rstrip(": ")
            return Failure(kind=FailureKind.REFUSED, why=why, remedy=error.remedy)
        except OSError as error:
            return Failure(kind=FailureKind.NO_ROOM, why=f"the sketch could not be written: {error.strerror}")
        except WorkerDiedError as error:
            why = f"the sketch process died twice: {error}"
            return Failure(kind=FailureKind.BROKEN, why=why, remedy="Check the available memory.")
        return None

    async def download(self, link: str, target: Path) -> Failure | None:
        """Downloads what a link leads to into a file; None is success."""
        if self._downloader is None:
            raise AssertionError("this data plane was opened without a network")
        return await self._downloader.download(link, target)

    async def probe(self, file: Path, digest: str, *, decode: bool) -> Clip | Failure:
        """The facts of a clip by its boxes, or why it is none. With `decode` both of its ends are decoded too."""
        found = probe_clip(file, digest)
        if isinstance(found, Failure) or not decode or digest:  # one that has a digest was decoded when it was stored
            return found
        from hailuo_batch.media.decode import check_end_frames

        damage = await asyncio.to_thread(check_end_frames, file)
        return found if damage is None else Failure(kind=FailureKind.CORRUPT, why=f"the download is damaged: {damage}")

    async def measure(
        self, clip: Path, given: "Sequence[GivenImage]", stills: "Mapping[StillAt, Path]"
    ) -> "ClipMeasures | Failure":
        """Measures a clip and writes its stills; a Failure when nothing could be tried.

        A clip that ends its worker, or keeps it busy, has that as the reason why it is not measured.
        """
        from hailuo_batch.core.measures import ClipMeasures

        try:
            return await self._pool.measure(clip, given, stills, seconds=MEASURE_SECONDS)
        except TimeoutError:
            return ClipMeasures(failure=f"it took longer than {MEASURE_SECONDS:.0f} s")
        except NoWorkerError as error:
            return Failure(kind=FailureKind.BROKEN, why=str(error))
        except WorkerDiedError as error:
            return ClipMeasures(failure=f"the process that measured it ended: {error}")
        except (ValueError, KeyError):  # whatever it came to, the clip is kept
            return ClipMeasures(failure="the process that measured it gave no measures")

    async def check(self, clip: Path) -> str:
        """Why a clip does not decode from its first frame to its last; "" when it does."""
        try:
            return await self._pool.check(clip)
        except WorkerDiedError as error:
            return f"The process that decoded it ended: {error}."


_UNREAD_REMEDY = (
    "Check the disk. If too many files are open, run fewer takes at a time (`-j`) or raise `ulimit -n`. "
    "Then run again: the clip is downloaded, not bought again."
)


def probe_clip(file: Path, digest: str) -> Clip | Failure:
    """The clip's facts by its own boxes, or why it is none; a twentieth of a millisecond."""
    from hailuo_batch.media.probe import InvalidVideo, probe

    found = probe(file)
    if isinstance(found, InvalidVideo) and found.is_unread:
        return Failure(kind=FailureKind.NO_ROOM, why=f"the clip was not checked. {found.reason}", remedy=_UNREAD_REMEDY)
    if isinstance(found, InvalidVideo):
        return Failure(kind=FailureKind.CORRUPT, why=f"the download is not a whole video: {found.reason}")
    return Clip(
        digest=digest,
        size=found.size,
        width=found.width,
        height=found.height,
        seconds=float(found.seconds),
        frames=found.frames,
        codec=found.codec,
        trailing=found.trailing,
    )


def write_image_still(image: Path, target: Path) -> Failure | None:
    """A small JPEG of an image, whole or not at all; None is success."""
    from hailuo_batch.media.images import draw_still

    try:
        write_beside(target, draw_still(image, read_regular(image, _MAX_IMAGE), side=_IMAGE_SIDE))
    except (HailuoError, OSError) as error:
        return Failure(kind=FailureKind.BROKEN, why=str(error))
    return None


def read_still_size(still: Path) -> tuple[int, int]:
    """Width and height of a still; 16 by 9 where it cannot be read."""
    from hailuo_batch.media.images import read_image_size

    try:
        return read_image_size(still)
    except HailuoError:
        return 16, 9
