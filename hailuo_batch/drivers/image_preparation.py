"""Prepares the images of requests within a limit of memory.

An image of 88 megapixels is a bitmap of 264 MB, and some copies of it. One such image in each worker would take more
memory than machines have. So large images are prepared one after the other, for all gateways of a run together.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.drivers.image_payload import ImagePayload, load_image_payloads
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.images import read_pixel_count
from hailuo_batch.ports import DriverRequest

_LARGE = 9_000_000  # pixels; a frame in 4K has 8.3 million


class ImagePreparation:
    """One for all drivers of a run; with `strip_metadata`, images are sent without metadata."""

    def __init__(self, *, strip_metadata: bool = False) -> None:
        self._strip_metadata = strip_metadata
        # One thread, and not only one at a time: memory that a thread has freed is kept for that thread.
        self._for_large = ThreadPoolExecutor(1, thread_name_prefix="large-images")

    async def load(
        self, driver_request: DriverRequest, *, allow_urls: bool = True
    ) -> tuple[ImagePayload, ImagePayload]:
        """How a request carries its frames; see `load_image_payloads`. One without frames enters no thread."""
        if driver_request.request.first is None and driver_request.request.last is None:
            return None, None
        is_large = bool(driver_request.images) and await asyncio.to_thread(_has_large_image, driver_request)
        executor = self._for_large if is_large else None
        work = partial(load_image_payloads, driver_request, allow_urls=allow_urls, strip_metadata=self._strip_metadata)
        return await asyncio.get_running_loop().run_in_executor(executor, work)


def _has_large_image(driver_request: DriverRequest) -> bool:
    request = driver_request.request
    return any(_count_pixels(image, driver_request) > _LARGE for image in (request.first, request.last))


def _count_pixels(image: ImageRef | None, driver_request: DriverRequest) -> int:
    """Of a file; frames of clips are small."""
    file = None if image is None or image.frame is not None else driver_request.images.get(image.digest)
    try:
        return 0 if file is None else read_pixel_count(file)
    except (HailuoError, OSError):
        return 0  # what is wrong with it is said when it is read
