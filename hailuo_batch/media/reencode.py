"""Encodes images again for a gateway: upright, cropped to a shape, and without metadata.

The same image gives the same bytes each time on one machine. Independent of gateways and requests.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core.providers.image_limits import MAX_BYTES, Size, crop_size
from hailuo_batch.core.providers.image_traits import PERSONAL_TRAITS
from hailuo_batch.errors import InputError
from hailuo_batch.media.frames import read_frame
from hailuo_batch.media.images import ImageFacts, open_image, read_image_facts
from hailuo_batch.media.metadata import remove_metadata

if TYPE_CHECKING:
    from PIL import Image

_QUALITIES = (95, 88, 75)  # of a JPEG; a lower one is only for what would be too large to send
_ICC_COLOUR_SPACE = slice(16, 20)  # where an ICC profile says whose colours it describes


def reencode_image(path: Path, data: bytes, shape: Size | None, *, strip_metadata: bool = False) -> tuple[str, bytes]:
    """Kind and bytes of a picture: its file's own, unless it has to be turned, or cut to the shape of another size.

    `data` are the file's bytes, which is not opened. With `strip_metadata`, only pixels and colours are left of them.
    """
    facts = read_image_facts(path, data)
    middle = crop_size(shape, (facts.width, facts.height)) if shape else None
    if not facts.is_rotated and middle is None:
        if not strip_metadata:
            return facts.kind, data
        if bare := _strip_metadata(path, data, facts):
            return facts.kind, bare
    return _encode_for_upload(_crop_middle(open_image(path, data), middle), facts.kind)


def reencode_frame(video: Path, which: str, shape: Size | None) -> tuple[str, bytes]:
    """The "first" or "last" frame of a video, or as much of it as has the shape."""
    image = read_frame(video, which)
    return _encode_for_upload(_crop_middle(image, crop_size(shape, image.size) if shape else None), "png")


def read_frame_size(video: Path, which: str) -> Size:
    """Width and height of the "first" or "last" frame of a video."""
    return read_frame(video, which).size


def _strip_metadata(path: Path, data: bytes, facts: ImageFacts) -> bytes:
    """The same pixels without metadata; nothing where that cannot be shown of the result."""
    try:
        bare = remove_metadata(facts.kind, data)
        found = read_image_facts(path, bare)
    except (ValueError, InputError):
        return b""
    is_same = (found.width, found.height) == (facts.width, facts.height)
    return bare if is_same and not PERSONAL_TRAITS.intersection(found.traits) else b""


def _crop_middle(image: "Image.Image", middle: Size | None) -> "Image.Image":
    if middle is None:
        return image
    left, top = (image.width - middle[0]) // 2, (image.height - middle[1]) // 2
    return image.crop((left, top, left + middle[0], top + middle[1]))


def _encode_for_upload(image: "Image.Image", kind: str) -> tuple[str, bytes]:
    """PNG stays PNG while it is small enough to send; all else becomes JPEG. Only the colour profile stays."""
    profile = image.info.get("icc_profile", b"")
    icc = profile if profile[_ICC_COLOUR_SPACE] == b"RGB " else None  # it was converted to RGB from another mode
    if kind == "png":
        data = _encode(image, "PNG", icc_profile=icc, compress_level=3)
        if len(data) < MAX_BYTES:
            return "png", data
    for quality in _QUALITIES:
        data = _encode(image, "JPEG", icc_profile=icc, quality=quality)
        if len(data) < MAX_BYTES:
            break
    return "jpeg", data


def _encode(image: "Image.Image", file_format: str, **how: object) -> bytes:
    image.info.clear()  # else metadata of the source file would be written too
    target = BytesIO()
    image.save(target, file_format, **how)
    return target.getvalue()
