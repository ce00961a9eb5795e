"""The boxes of an MP4, and the facts in those of its video track. The layout is ISO/IEC 14496-12.

Does not open files or judge what it finds. It raises only for boxes that contradict each other. Other damage raises
struct.error and the like, which `probe.py` reports as damage.
"""

import struct
from collections.abc import Callable, Iterator, Sequence

from hailuo_batch.values import dataclass


class UnsoundError(Exception):
    """The boxes contradict each other or the file; the message says how."""


@dataclass(slots=True, kw_only=True)
class Track:
    """The picture track, filled in while the boxes are read."""

    number: int = 0
    width: int = 0
    height: int = 0
    is_rotated: bool = False
    kind: bytes = b""
    codec: bytes = b""
    timescale: int = 0
    ticks: int = 0
    frames: int = 0
    sample_count: int = 0  # how many samples the table of sizes holds
    sample_bytes: int = 0  # their sum
    last_chunk_offset: int = 0  # where the last chunk begins
    default_ticks: int = 0  # ticks of a fragment's sample without its own
    announced_ticks: int = 0  # ticks that a fragmented film's header or index announces


_Reader = Callable[[bytes, Track], None]


def read_box(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """Type, and where its contents begin and end, of the box at `at` whose first bytes are `head`."""
    if len(head) < 8:
        raise UnsoundError("The file is cut short, or more than a video: some bytes at its end are no part of it.")
    size, kind = struct.unpack_from(">I4s", head)
    body = at + 8
    if size == 1:
        if len(head) < 16:
            raise UnsoundError("The file is cut short in the middle of a part's length.")
        size = struct.unpack_from(">Q", head, 8)[0]
        body = at + 16
    elif size == 0:  # "to the end"
        size = limit - at
    if size < body - at or not (kind.isalnum() or all(32 <= letter < 127 or letter == 0xA9 for letter in kind)):
        raise UnsoundError(
            "The file is no MP4." if at == 0 else f"The file is damaged: what begins at byte {at} is no part of an MP4."
        )
    return kind, body, at + size


def iter_boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of the contents of each box between two places."""
    while end - start >= 8:
        kind, body, after = read_box(data[start : start + 16], start, end)
        if after > end:
            raise UnsoundError("The MP4's header is damaged: one of its parts is longer than what holds it.")
        yield kind, body, after
        start = after


def video_track(moov: bytes) -> Track:
    """The first track of pictures, with a fragmented film's defaults."""
    found: Track | None = None
    defaults: dict[int, int] = {}
    scale = promised = 0
    for kind, start, end in iter_boxes(moov, 0, len(moov)):
        if kind == b"trak" and found is None:
            track = Track()
            _read_track(moov, start, end, track)
            found = track if track.kind == b"vide" else None
        elif kind == b"mvhd":
            scale, _ = _read_timescale(moov, start)
        elif kind == b"mvex":
            promised = _read_mvex(moov, start, end, defaults)
    if found is None:
        raise UnsoundError("The MP4 has no track of pictures.")
    found.default_ticks = defaults.get(found.number, 0)
    found.announced_ticks = promised * found.timescale // scale if scale else 0
    return found


_CONTAINERS = {b"mdia", b"minf", b"stbl"}


def _read_track(data: bytes, start: int, end: int, track: Track) -> None:
    for kind, body, after in iter_boxes(data, start, end):
        if kind in _CONTAINERS:
            _read_track(data, body, after, track)
        elif kind in _READERS:
            _READERS[kind](data[body:after], track)


def _read_timescale(data: bytes, at: int) -> tuple[int, int]:
    """Ticks a second, and the length in ticks, of a movie's or a track's header."""
    if data[at] == 1:
        scale, ticks = struct.unpack_from(">20xIQ", data, at)
    else:
        scale, ticks = struct.unpack_from(">12xII", data, at)
    return scale, ticks


def _read_tkhd(box: bytes, track: Track) -> None:
    long = 12 if box[0] == 1 else 0
    track.number = struct.unpack_from(">I", box, 20 if long else 12)[0]
    a, b, _u, c, d = struct.unpack_from(">iiiii", box, 40 + long)
    track.is_rotated = a == d == 0 and b != 0 and c != 0  # a quarter turn, as phones write it
    wide, high = struct.unpack_from(">II", box, 76 + long)
    track.width, track.height = wide >> 16, high >> 16


def _read_mdhd(box: bytes, track: Track) -> None:
    track.timescale, _ = _read_timescale(box, 0)


def _read_hdlr(box: bytes, track: Track) -> None:
    track.kind = box[8:12]


def _read_stsd(box: bytes, track: Track) -> None:
    if track.kind not in {b"vide", b""}:
        return
    _, track.codec, wide, high = struct.unpack_from(">I4s24xHH", box, 8)
    # The sample's own size is what a decoder gives; the track header's may be stretched for display.
    track.width, track.height = wide or track.width, high or track.height


def _read_stts(box: bytes, track: Track) -> None:
    entries = struct.unpack_from(">I", box, 4)[0]
    table = box[8 : 8 + 8 * entries]
    if len(table) != 8 * entries:
        raise UnsoundError("The MP4's header is damaged: its table of times is cut.")
    for count, ticks in struct.iter_unpack(">II", table):
        track.frames += count
        track.ticks += count * ticks


def _read_stsz(box: bytes, track: Track) -> None:
    same, track.sample_count = struct.unpack_from(">II", box, 4)
    if same:
        track.sample_bytes = same * track.sample_count
        return
    if len(box) < 12 + 4 * track.sample_count:
        raise UnsoundError("The MP4's header is damaged: its table of sizes is cut.")
    track.sample_bytes = sum(struct.unpack_from(f">{track.sample_count}I", box, 12))


def _read_stz2(box: bytes, track: Track) -> None:
    """The compact table of sizes: rare, and read only for their number."""
    track.sample_count = struct.unpack_from(">I", box, 8)[0]


def _chunk_reader(letter: str) -> _Reader:
    def read(box: bytes, track: Track) -> None:
        entries = struct.unpack_from(">I", box, 4)[0]
        if len(box) < 8 + struct.calcsize(f">{letter}") * entries:
            raise UnsoundError("The MP4's header is damaged: its table of places is cut.")
        track.last_chunk_offset = max(struct.unpack_from(f">{entries}{letter}", box, 8), default=0)

    return read


_READERS: dict[bytes, _Reader] = {
    b"tkhd": _read_tkhd,
    b"mdhd": _read_mdhd,
    b"hdlr": _read_hdlr,
    b"stsd": _read_stsd,
    b"stts": _read_stts,
    b"stsz": _read_stsz,
    b"stz2": _read_stz2,
    b"stco": _chunk_reader("I"),
    b"co64": _chunk_reader("Q"),
}


def _read_mvex(data: bytes, start: int, end: int, defaults: dict[int, int]) -> int:
    """Reads each track's default ticks per sample, and the whole film's length in the movie's ticks if it is there."""
    promised = 0
    for kind, body, _after in iter_boxes(data, start, end):
        if kind == b"trex":
            number, ticks = struct.unpack_from(">4xI4xI", data, body)
            defaults[number] = ticks
        elif kind == b"mehd":
            promised = struct.unpack_from(">4xQ" if data[body] == 1 else ">4xI", data, body)[0]
    return promised


def add_fragments(moofs: Sequence[bytes], indexes: Sequence[bytes], track: Track) -> None:
    """Counts the frames and ticks of the fragments, and those that the index announces."""
    for moof in moofs:
        for kind, start, end in iter_boxes(moof, 0, len(moof)):
            if kind == b"traf":
                _read_traf(moof, start, end, track)
    for index in indexes:
        track.announced_ticks = max(track.announced_ticks, _index_ticks(index, track.timescale))


def _read_traf(data: bytes, start: int, end: int, track: Track) -> None:
    each = track.default_ticks
    for kind, body, after in iter_boxes(data, start, end):
        if kind == b"tfhd":
            flags, number = struct.unpack_from(">II", data, body)
            if number != track.number:
                return
            skipped = (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
            each = struct.unpack_from(">I", data, body + 8 + skipped)[0] if flags & 0x8 else each
        elif kind == b"trun":
            _add_trun(data[body:after], each, track)


def _add_trun(box: bytes, each: int, track: Track) -> None:
    flags, count = struct.unpack_from(">II", box)
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * (flags >> 8 & 0xF).bit_count()  # a sample may have its own ticks, size, flags and offset
    if len(box) < at + step * count:
        raise UnsoundError("The MP4's header is damaged: the table of a fragment is cut.")
    track.frames += count
    if flags & 0x100:
        track.ticks += sum(struct.unpack_from(">I", box, at + step * sample)[0] for sample in range(count))
    else:
        track.ticks += each * count


def _index_ticks(box: bytes, scale: int) -> int:
    """The ticks of the segments an index names, on the track's clock."""
    own = struct.unpack_from(">8xI", box)[0]
    at = 28 if box[0] == 1 else 20
    entries = struct.unpack_from(">2xH", box, at)[0]
    ticks = sum(struct.unpack_from(">4xI", box, at + 4 + 12 * entry)[0] for entry in range(entries))
    return ticks * scale // own if own else 0
