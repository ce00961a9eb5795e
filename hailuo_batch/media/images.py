"""Images from the user's files: checked, turned upright, fitted to a frame.

A file is identified by its bytes, never by its name. Independent of sketches, slates and manifests.
"""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core.providers.image_traits import ImageTrait
from hailuo_batch.errors import InputError
from hailuo_batch.media.file_kinds import HEAD_BYTES, describe_file
from hailuo_batch.media.metadata import ORIENTATION, find_personal_traits
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from PIL import Image

# What all gateways take as a frame. MPO is how phones write a JPEG with more pictures behind the first.
_FORMATS = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp"}
_MAX_PIXELS = 89_000_000  # about a 340 MB bitmap; a file of a few KB can declare far more
_ROTATED_ORIENTATIONS = range(2, 9)  # EXIF orientations which are not upright; any other number means nothing
_SWAPPED_ORIENTATIONS = {5, 6, 7, 8}  # those which swap width and height
STILL_SIDE = 480  # pixels of a still's longer side, at most
# Every exception that Pillow's decoders raised on damaged bytes in tests.
_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, OverflowError, IndexError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What a picture file really is: `kind` by its bytes, the size as it is seen upright, and its length in bytes.

    `is_rotated`: its pixels are not stored upright; EXIF says how to turn them. `traits`: what else to know of it.
    """

    kind: str
    width: int
    height: int
    bytes: int
    is_rotated: bool = False
    traits: tuple[ImageTrait, ...] = ()


def read_image_facts(path: Path, data: bytes | None = None) -> ImageFacts:
    """Kind, upright size and bytes of a picture which was decoded to its end; an InputError if it cannot be decoded.

    With `data`, these are the file's bytes, and it is not opened.
    """
    with _open_safely(path, data) as image:
        width, height = image.size
        orientation = image.getexif().get(ORIENTATION, 1)
        kind = _FORMATS[image.format or ""]
        visible = _find_visible_traits(image)
        image.draft("L", (max(1, width // 8), max(1, height // 8)))  # a JPEG is read whole at an eighth of the work
        image.load()
        turned = orientation in _ROTATED_ORIENTATIONS
        # What is not stored upright is encoded again before it is sent, without metadata.
        traits = visible if turned else (*visible, *find_personal_traits(image))
    with _open_safely(path, data) as image:
        _check_sums(path, image)
    wide, high = (height, width) if orientation in _SWAPPED_ORIENTATIONS else (width, height)
    return ImageFacts(kind=kind, width=wide, height=high, bytes=_length(path, data), is_rotated=turned, traits=traits)


def read_pixel_count(path: Path) -> int:
    """How many pixels a picture declares; nothing is decoded. An InputError if it is none."""
    with _open_safely(path) as image:
        return image.width * image.height


def read_image_size(path: Path) -> tuple[int, int]:
    """Width and height that an image declares; nothing is decoded. An InputError if it is none."""
    with _open_safely(path) as image:
        return image.size


def open_image(path: Path, data: bytes | None = None, *, min_side: int = 0) -> "Image.Image":
    """The image upright, in RGB, with transparent parts on white; an InputError if it cannot be read.

    With `min_side`, pixels of the shorter side, a larger JPEG may come at half or a quarter size, which is faster.
    """
    from PIL import ImageOps

    with _open_safely(path, data) as image:
        if min_side:
            scale = min_side / min(image.size)
            image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return flatten(image)


def draw_still(path: Path, data: bytes, *, side: int = STILL_SIDE) -> bytes:
    """A small JPEG of the image, upright and without metadata; an InputError if it cannot be read."""
    image = open_image(path, data, min_side=side)
    image.thumbnail((side, side), reducing_gap=2.0)
    target = BytesIO()
    image.save(target, "JPEG", quality=82, optimize=True)
    return target.getvalue()


def flatten(image: "Image.Image") -> "Image.Image":
    """The picture in plain RGB whatever its mode was."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits a pixel: Pillow's own conversion clips instead of scaling
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(paper, clear).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def fit_image(image: "Image.Image", width: int, height: int) -> "Image.Image":
    """The middle of the picture at exactly this size: scaled until it covers the frame, then cut."""
    from PIL import Image

    scale = max(width / image.width, height / image.height)
    wide, high = width / scale, height / scale
    left, top = (image.width - wide) / 2, (image.height - high) / 2
    box = (max(0.0, left), max(0.0, top), min(image.width, left + wide), min(image.height, top + high))
    return image.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0)


@contextmanager
def _open_safely(path: Path, data: bytes | None = None) -> Iterator["Image.Image"]:
    """The file, opened by its bytes. Errors inside become an InputError in plain words."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large pictures; the limit below refuses them
            with Image.open(path if data is None else BytesIO(data)) as image:
                _check_image(path, image)
                yield image
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise InputError(f"cannot open the picture {path}", why=error.strerror or "") from error
    except UnidentifiedImageError as error:
        raise _no_image_error(path, data) from error
    except Image.DecompressionBombError as error:
        raise InputError(f"picture too large: {path}", why=_too_large_reason(), remedy="Scale it down.") from error
    except _DECODER_ERRORS as error:
        why = f"Reading it stopped: {error}."
        raise InputError(f"damaged picture: {path}", why=why, remedy="Export it or copy it again.") from error


def _check_sums(path: Path, image: "Image.Image") -> None:
    """Decoders of gateways refuse a PNG with a wrong sum in one of its parts; ours reads over it.

    The image cannot be loaded afterwards.
    """
    try:
        image.verify()
    except _DECODER_ERRORS as error:
        why = "One of its parts has a wrong control sum or is cut off, so gateways may refuse it."
        raise InputError(f"damaged picture: {path}", why=why, remedy="Export it or copy it again.") from error


def _find_visible_traits(image: "Image.Image") -> tuple[ImageTrait, ...]:
    """What may make a gateway's image look unlike the user's. The further pictures of an MPO are no animation."""
    is_animated = image.format in {"PNG", "WEBP"} and getattr(image, "is_animated", False)
    found = ((ImageTrait.CMYK, image.mode == "CMYK"), (ImageTrait.ANIMATED, is_animated))
    return tuple(trait for trait, has in found if has)


def _no_image_error(path: Path, data: bytes | None) -> InputError:
    if data is None:
        with path.open("rb") as file:
            data = file.read(HEAD_BYTES)
    why, remedy = describe_file(data[:HEAD_BYTES])
    why = why or ("Its bytes are not an image, despite its name." if data else "The file is empty.")
    return InputError(f"not a picture: {path}", why=why, remedy=remedy or _FORMAT_REMEDY)


def _length(path: Path, data: bytes | None) -> int:
    return path.stat().st_size if data is None else len(data)


_FORMAT_REMEDY = "Use a JPEG, PNG or WebP file."


def _too_large_reason() -> str:
    return f"It would unpack to more than {_MAX_PIXELS // 1_000_000} million pixels."


def _check_image(path: Path, image: "Image.Image") -> None:
    if image.format not in _FORMATS:
        raise InputError(
            f"not a JPEG, PNG or WebP picture: {path}", why=f"It is {image.format}.", remedy=_FORMAT_REMEDY
        )
    if image.width * image.height > _MAX_PIXELS:
        raise InputError(f"picture too large: {path}", why=_too_large_reason(), remedy="Scale it down.")
