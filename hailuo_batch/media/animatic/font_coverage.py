"""Which characters a font file draws, read from its `cmap` table: TrueType, OpenType, collections and WOFF.

The layout is https://learn.microsoft.com/typography/opentype/spec/cmap, read 2026-11-20. Does not draw, and does not
know which fonts exist.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hailuo_batch.values import dataclass

_MAX_CMAP_BYTES = 8_000_000  # of a cmap that are read; real ones stay under one million


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One font of one file, with the characters it draws as ascending ranges."""

    path: Path
    index: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def is_bundled(self) -> bool:
        """Whether the font came with the package; its letters are placed one by one."""
        return self.path.suffix == ".woff"

    def covers(self, character: str) -> bool:
        """Whether the font has a picture of this character."""
        at = bisect_right(self.starts, ord(character)) - 1
        return at >= 0 and ord(character) <= self.ends[at]


def read_face(path: Path, index: int = 0) -> Face | None:
    """The face with its coverage; None for a file that this program cannot read as a font."""
    try:
        with path.open("rb") as file:
            ranges = sorted(_character_ranges(_read_cmap(file, index)))
    except (OSError, ValueError, struct.error, zlib.error, IndexError):
        return None
    starts, ends = (tuple(column) for column in zip(*ranges, strict=True)) if ranges else ((), ())
    return Face(path=path, index=index, starts=starts, ends=ends)


def _read_cmap(file: BinaryIO, index: int) -> bytes:
    kind = file.read(4)
    if kind == b"wOFF":
        return _read_woff_cmap(file)
    start = 0
    if kind == b"ttcf":
        fonts = struct.unpack(">4xI", file.read(8))[0]
        file.seek(12 + 4 * min(index, fonts - 1))
        start = struct.unpack(">I", file.read(4))[0]
    file.seek(start + 4)
    for _ in range(struct.unpack(">H6x", file.read(8))[0]):
        tag, _sum, offset, length = struct.unpack(">4sIII", file.read(16))
        if tag == b"cmap":
            file.seek(offset)
            return file.read(min(length, _MAX_CMAP_BYTES))
    raise ValueError("a font without a cmap table")


def _read_woff_cmap(file: BinaryIO) -> bytes:
    file.seek(12)
    tables = struct.unpack(">H", file.read(2))[0]
    file.seek(44)
    for _ in range(tables):
        tag, offset, packed, length, _sum = struct.unpack(">4sIIII", file.read(20))
        if tag == b"cmap":
            file.seek(offset)
            data = file.read(min(packed, _MAX_CMAP_BYTES))
            return data if packed == length else zlib.decompressobj().decompress(data, _MAX_CMAP_BYTES)
    raise ValueError("a font without a cmap table")


def _character_ranges(table: bytes) -> Iterator[tuple[int, int]]:
    """First and last character of each range, from the fullest Unicode sub-table."""
    found: dict[int, int] = {}
    for record in range(struct.unpack_from(">2xH", table)[0]):
        platform, _encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * record)
        if platform in {0, 3}:
            found[struct.unpack_from(">H", table, offset)[0]] = offset
    if 12 in found:
        yield from _format_12_ranges(table, found[12])
    elif 4 in found:
        yield from _format_4_ranges(table, found[4])


def _format_12_ranges(table: bytes, offset: int) -> Iterator[tuple[int, int]]:
    count = struct.unpack_from(">12xI", table, offset)[0]
    groups = table[offset + 16 : offset + 16 + 12 * count]
    for first, last, _glyph in struct.iter_unpack(">III", groups[: len(groups) // 12 * 12]):
        yield first, last


def _format_4_ranges(table: bytes, offset: int) -> Iterator[tuple[int, int]]:
    count = struct.unpack_from(">6xH", table, offset)[0] // 2
    ends = struct.unpack_from(f">{count}H", table, offset + 14)
    starts = struct.unpack_from(f">{count}H", table, offset + 16 + 2 * count)
    for first, last in zip(starts, ends, strict=True):
        if first <= last and first != 0xFFFF:
            yield first, last
