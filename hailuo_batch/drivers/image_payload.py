"""How a request carries its images: by web address, or their bytes as data URIs.

Data is sent upright, and a last frame in the shape of the first. A file that needs neither is sent byte for byte.
"""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.providers.image_limits import Size
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.errors import HailuoError
from hailuo_batch.files.regular import read_regular
from hailuo_batch.media.images import read_image_facts
from hailuo_batch.media.reencode import read_frame_size, reencode_frame, reencode_image
from hailuo_batch.ports import DriverRequest

ImagePayload = str | None | Failure  # an address or a data URI; None for a frame that there is not

_MAX_BYTES = 1024**3


def load_image_payloads(
    driver_request: DriverRequest, *, allow_urls: bool = True, strip_metadata: bool = False
) -> tuple[ImagePayload, ImagePayload]:
    """How a request carries the first and the last frame; without `allow_urls`, it carries no address.

    With `strip_metadata`, data has pixels and colours only. The digest is still that of the file's own bytes.
    """
    urls = driver_request.image_urls if allow_urls else {}
    first, last = driver_request.request.first, driver_request.request.last
    load = partial(_load_payload, driver_request=driver_request, urls=urls, strip_metadata=strip_metadata)
    return load(first), load(last, other=first)


def _load_payload(
    image: ImageRef | None,
    *,
    driver_request: DriverRequest,
    urls: Mapping[str, str],
    strip_metadata: bool,
    other: ImageRef | None = None,
) -> ImagePayload:
    """An image in the gateway's form; data has the shape of `other`."""
    if image is None:
        return None
    if image.frame is None and image.digest in urls:
        return urls[image.digest]
    return _encode_image(image, driver_request, other, strip_metadata=strip_metadata)


def _encode_image(
    image: ImageRef, driver_request: DriverRequest, other: ImageRef | None, *, strip_metadata: bool
) -> str | Failure:
    file = driver_request.images.get(image.digest)
    if file is None:
        return Failure(kind=FailureKind.UNABLE, why="an image of the request is not on this machine")
    try:
        return _make_data_uri(image, file, _read_size(other, driver_request), strip_metadata=strip_metadata)
    except HailuoError as error:
        return Failure(kind=FailureKind.UNABLE, why=f"{error.summary}: {error.why}", remedy=error.remedy)
    except OSError as error:
        return Failure(kind=FailureKind.UNABLE, why=f"the image {file.name} cannot be read: {error.strerror}")


def _make_data_uri(image: ImageRef, file: Path, shape: Size | None, *, strip_metadata: bool) -> str | Failure:
    if image.frame is not None:
        kind, content = reencode_frame(file, image.frame, shape)
        return f"data:image/{kind};base64,{b64encode(content).decode()}"
    data = read_regular(file, _MAX_BYTES)  # once: what is sent is what was compared
    if f"sha256:{sha256(data).hexdigest()}" != image.digest:
        # Money: the clip would be kept as an answer to another question.
        why = f"the image {file.name} changed since the plan was made"
        return Failure(kind=FailureKind.STALE, why=why, remedy="Run again: the run makes a new plan.")
    kind, content = reencode_image(file, data, shape, strip_metadata=strip_metadata)
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _read_size(image: ImageRef | None, driver_request: DriverRequest) -> Size | None:
    """Width and height of an image that is on this machine."""
    file = None if image is None else driver_request.images.get(image.digest)
    if image is None or file is None:
        return None
    if image.frame is not None:
        return read_frame_size(file, image.frame)
    facts = read_image_facts(file)
    return facts.width, facts.height
