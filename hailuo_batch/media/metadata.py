"""Metadata of images: what in it reveals a place or a person, and the same file without it.

Nothing is encoded again, so the pixels stay what they are. What describes colours stays too.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.providers.image_traits import ImageTrait

if TYPE_CHECKING:
    from PIL import Image

ORIENTATION = 0x0112
_GPS_IFD, _EXIF_IFD = 0x8825, 0x8769
_GPS_POSITION = frozenset({2, 4})  # latitude and longitude
_OWNER_TAGS = frozenset({0x013B, 0x8298, 0x9C9D})  # Artist, Copyright, XPAuthor
_CAMERA_OWNER = 0xA430
_XMP_KEYS = ("xmp", "XML:com.adobe.xmp")  # what Pillow calls it in a JPEG or WebP, and in a PNG
_XMP_PLACE = re.compile(r"GPSL(?:at|ong)itude")
_XMP_OWNER = re.compile(r"dc:creator|dc:rights|OwnerName")
_PNG_OWNER_KEYS = frozenset({"Author", "Copyright"})
_IPTC, _IPTC_OWNER = 0x0404, re.compile(rb"\x1c\x02[\x50\x74]")  # By-line, Copyright Notice

_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT".split()
)
_JPEG_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_SCAN, _JPEG_END, _JPEG_COMMENT = 0xDA, 0xD9, 0xFE
_JPEG_COLOUR_PARTS = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")  # of the application segments
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_WEBP_METADATA_FLAGS = 0x08 | 0x04  # in the first byte of VP8X: has EXIF, has XMP


def find_personal_traits(image: "Image.Image") -> tuple[ImageTrait, ...]:
    """What a loaded image reveals about a place or a person."""
    exif, info = image.getexif(), image.info
    xmp = " ".join(_text(info.get(key, "")) for key in _XMP_KEYS)
    place = not _GPS_POSITION.isdisjoint(_read_ifd(exif, _GPS_IFD)) or _XMP_PLACE.search(xmp)
    owner = (
        any(str(exif.get(tag, "")).strip("\0 ") for tag in _OWNER_TAGS)
        or _CAMERA_OWNER in _read_ifd(exif, _EXIF_IFD)
        or _XMP_OWNER.search(xmp)
        or not _PNG_OWNER_KEYS.isdisjoint(info)
        or _has_iptc_owner(info.get("photoshop"))
    )
    return tuple(trait for trait, has in ((ImageTrait.PLACE, place), (ImageTrait.OWNER, owner)) if has)


def remove_metadata(kind: str, data: bytes) -> bytes:
    """The image without metadata and without what follows it in the file; a ValueError where its parts are not clear.

    >>> remove_metadata("png", _PNG_HEAD + b"\\0\\0\\0\\0tEXt....")
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    return b"".join({"jpeg": _keep_jpeg_parts, "png": _keep_png_parts, "webp": _keep_webp_parts}[kind](data))


def _read_ifd(exif: "Image.Exif", which: int) -> Mapping[int, Any]:
    """A part of the EXIF data; nothing where it is damaged, as the image itself is not."""
    with suppress(struct.error, ValueError, SyntaxError, OSError, KeyError, TypeError):
        return exif.get_ifd(which)
    return {}


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _has_iptc_owner(parts: object) -> bool:
    found = parts.get(_IPTC) if isinstance(parts, dict) else None
    return isinstance(found, bytes) and _IPTC_OWNER.search(found) is not None


def _keep_png_parts(data: bytes) -> Iterator[bytes]:
    yield data[: len(_PNG_HEAD)]
    at = len(_PNG_HEAD)
    while at < len(data):
        length, name = _unpack(">I4s", data, at)
        end = at + 12 + length
        if name in _PNG_KEPT:
            yield data[at:end]
        if name == b"IEND":
            return
        at = end


def _keep_jpeg_parts(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at = 2
    while at < len(data):
        mark, kind, length = _unpack(">BBH", data, at)
        if mark != 0xFF:
            raise ValueError("a JPEG with bytes between its parts")
        end = at + 2 + length
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind == _JPEG_SCAN:
            end = _find_scan_end(data, end)
        if _is_kept_jpeg_part(kind, data[at + 4 : end]):
            yield data[at:end]
        if data[end : end + 2] == bytes((0xFF, _JPEG_END)):
            yield data[end : end + 2]
            return
        at = end


def _find_scan_end(data: bytes, begin: int) -> int:
    found = _JPEG_MARKER_AFTER_SCAN.search(data, begin)
    if found is None:
        raise ValueError("a JPEG without an end")
    return found.start()


def _is_kept_jpeg_part(kind: int, body: bytes) -> bool:
    is_application = 0xE0 <= kind <= 0xEF
    return kind != _JPEG_COMMENT and (not is_application or body.startswith(_JPEG_COLOUR_PARTS))


def _keep_webp_parts(data: bytes) -> Iterator[bytes]:
    parts = [_without_metadata_flags(part) for part in _split_webp(data) if part[:4] not in _WEBP_DROPPED]
    yield b"RIFF" + struct.pack("<I", 4 + sum(map(len, parts))) + b"WEBP"
    yield from parts


def _split_webp(data: bytes) -> Iterator[bytes]:
    end, at = 8 + _unpack("<4sI", data, 0)[1], 12
    while at + 8 <= min(end, len(data)):
        length = _unpack("<4sI", data, at)[1]
        size = 8 + length + length % 2
        yield data[at : at + size]
        at += size


def _without_metadata_flags(part: bytes) -> bytes:
    return part[:8] + bytes((part[8] & ~_WEBP_METADATA_FLAGS,)) + part[9:] if part[:4] == b"VP8X" else part


def _unpack(form: str, data: bytes, at: int) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(form, data, at)
    except struct.error as error:
        raise ValueError("an image that ends too early") from error
