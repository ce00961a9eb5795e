"""Pictures written anew for a gateway: upright, cut to a shape, and without what else a file says.

The same picture gives the same bytes each time on one machine. Nothing here knows who is sent what, or why.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core.providers.image_limits import LARGEST, Size, cut_to
from hailuo_batch.media.frames import frame_picture
from hailuo_batch.media.images import open_picture, picture_facts

if TYPE_CHECKING:
    from PIL import Image

_QUALITIES = (95, 88, 75)  # of a JPEG; a lower one is only for what would be too large to send
_SPACE = slice(16, 20)  # where an ICC profile says whose colours it describes


def picture_upright(path: Path, shape: Size | None) -> tuple[str, bytes]:
    """Kind and bytes of a picture: its file's own, unless it has to be turned, or cut to the shape of another size."""
    facts = picture_facts(path)
    middle = cut_to(shape, (facts.width, facts.height)) if shape else None
    if not facts.turned and middle is None:
        return facts.kind, path.read_bytes()
    return _written(_cut(open_picture(path), middle), facts.kind)


def frame_upright(video: Path, which: str, shape: Size | None) -> tuple[str, bytes]:
    """The "first" or "last" frame of a video, or as much of it as has the shape."""
    image = frame_picture(video, which)
    return _written(_cut(image, cut_to(shape, image.size) if shape else None), "png")


def size_of_frame(video: Path, which: str) -> Size:
    """Width and height of the "first" or "last" frame of a video."""
    return frame_picture(video, which).size


def _cut(image: "Image.Image", middle: Size | None) -> "Image.Image":
    if middle is None:
        return image
    left, top = (image.width - middle[0]) // 2, (image.height - middle[1]) // 2
    return image.crop((left, top, left + middle[0], top + middle[1]))


def _written(image: "Image.Image", kind: str) -> tuple[str, bytes]:
    """PNG stays PNG while it is small enough to send; all else becomes JPEG. Only the meaning of its colours stays."""
    profile = image.info.get("icc_profile", b"")
    icc = profile if profile[_SPACE] == b"RGB " else None  # it was turned to RGB, whatever it was
    if kind == "png":
        data = _encoded(image, "PNG", icc_profile=icc, compress_level=3)
        if len(data) < LARGEST:
            return "png", data
    for quality in _QUALITIES:
        data = _encoded(image, "JPEG", icc_profile=icc, quality=quality)
        if len(data) < LARGEST:
            break
    return "jpeg", data


def _encoded(image: "Image.Image", form: str, **how: object) -> bytes:
    plain = image.copy()
    plain.info.clear()  # what is known of the file it came from would be written, too
    target = BytesIO()
    plain.save(target, form, **how)
    return target.getvalue()
