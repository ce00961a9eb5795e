"""Is this file the video that was promised? Read from the boxes of the MP4 itself, in some hundredths of a millisecond.

The look finds a file cut at any length, because every box says how long it is, the last must end where the file ends,
and the samples named in the header must lie inside. It does not see a flipped bit inside a picture; `decode.py` does,
for a thousand times the price. The layout is ISO/IEC 14496-12. Nothing here trusts a byte: whatever a gateway sends
instead of a video becomes a reason in words, never an exception.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from hailuo_batch.media.decode import decode_check, ends_decode

__all__ = ["Broken", "Clip", "decode_check", "ends_decode", "probe"]

_MOST_BOXES = 20_000  # at the top level; a clip of ten seconds in fragments has some dozens
_MOST_HEADER = 16_000_000  # bytes of a moov or moof that are read; real ones stay under 100 KB
_CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"av01": "av1",
    b"vp09": "vp9",
    b"mp4v": "mpeg4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What a whole MP4 says of its picture: upright size, length, number of frames, codec, and the file's bytes."""

    width: int
    height: int
    seconds: Fraction
    frames: int
    codec: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why a file is no whole video, in words for its user."""

    reason: str


class _UnsoundError(Exception):
    """The boxes contradict each other or the file; the text says how."""


@dataclass(slots=True, kw_only=True)
class _Track:
    """The picture track, filled in while the boxes are read."""

    number: int = 0
    width: int = 0
    height: int = 0
    turned: bool = False
    kind: bytes = b""
    codec: bytes = b""
    scale: int = 0
    ticks: int = 0
    frames: int = 0
    sizes: int = 0  # how many samples the table of sizes holds
    bytes: int = 0  # what they add up to
    furthest: int = 0  # where the last chunk begins
    each: int = 0  # ticks of a fragment's sample that does not say its own
    promised: int = 0  # ticks that a fragmented film's header or index announces


@dataclass(slots=True, kw_only=True)
class _Film:
    """What lies at the top level of a file."""

    size: int
    kinds: list[bytes] = field(default_factory=list)
    moov: bytes = b""
    moofs: list[bytes] = field(default_factory=list)
    indexes: list[bytes] = field(default_factory=list)
    payload: int = 0  # bytes inside all mdat


_Reader = Callable[[bytes, _Track], None]


def probe(path: Path) -> Clip | Broken:
    """The clip the file holds, or why it is none. Never raises, whatever the bytes are."""
    try:
        with path.open("rb", buffering=0) as file:
            return _clip(_film(file))
    except _UnsoundError as error:
        return Broken(reason=str(error))
    except OSError as error:
        return Broken(reason=f"The file cannot be read: {error.strerror or error}.")
    except (struct.error, IndexError, ValueError, OverflowError, MemoryError, RecursionError):
        return Broken(reason="The MP4's header is damaged.")


def _film(file: BinaryIO) -> _Film:
    film = _Film(size=file.seek(0, 2))
    at = 0
    while at < film.size:
        file.seek(at)
        head = file.read(16)
        kind, body, end = _box(head, at, film.size)
        if at == 0:
            _sniff(head, kind, film.size)
        if end > film.size:
            name = kind.decode("latin-1")
            raise _UnsoundError(f"The file is cut short: {end - film.size} bytes of its {name!r} part are missing.")
        if len(film.kinds) == _MOST_BOXES:
            raise _UnsoundError("The file is no sound MP4: it has too many parts.")
        film.kinds.append(kind)
        _take(file, film, kind, (body, end))
        at = end
    return film


def _box(head: bytes, at: int, limit: int) -> tuple[bytes, int, int]:
    """Type, and where its contents begin and end, of the box at `at` whose first bytes are `head`."""
    if len(head) < 8:
        raise _UnsoundError("The file is cut short, or more than a video: some bytes at its end are no part of it.")
    size, kind = struct.unpack_from(">I4s", head)
    body = at + 8
    if size == 1:
        if len(head) < 16:
            raise _UnsoundError("The file is cut short in the middle of a part's length.")
        size = struct.unpack_from(">Q", head, 8)[0]
        body = at + 16
    elif size == 0:  # "to the end"
        size = limit - at
    if size < body - at or not all(32 <= letter < 127 or letter == 0xA9 for letter in kind):
        raise _UnsoundError(
            "The file is no MP4." if at == 0 else f"The file is damaged: what begins at byte {at} is no part of an MP4."
        )
    return kind, body, at + size


def _sniff(head: bytes, kind: bytes, size: int) -> None:
    """Say what came instead of a video, when the first bytes tell."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<error")):
        raise _UnsoundError("It is a web page or an XML answer, not a video.")
    if start.startswith((b"{", b"[")):
        raise _UnsoundError("It is a JSON answer, not a video.")
    if kind not in {b"ftyp", b"styp", b"free", b"skip", b"wide", b"moov", b"mdat", b"pnot"}:
        raise _UnsoundError(f"The file is no MP4: its {size} bytes begin with none of an MP4's parts.")


def _take(file: BinaryIO, film: _Film, kind: bytes, span: tuple[int, int]) -> None:
    """Keep what is needed of a top-level box: the headers' bytes, of the payload only its length."""
    body, end = span
    if kind == b"mdat":
        film.payload += end - body
    elif kind in {b"moov", b"moof", b"sidx"}:
        if end - body > _MOST_HEADER:
            raise _UnsoundError("The MP4's header is damaged: it claims to be larger than any film's.")
        file.seek(body)
        data = file.read(end - body)
        if kind == b"moov":
            film.moov = film.moov or data
        else:
            (film.moofs if kind == b"moof" else film.indexes).append(data)


def _clip(film: _Film) -> Clip:
    if not film.size:
        raise _UnsoundError("The file is empty.")
    for kind, what in ((b"ftyp", "its file type"), (b"moov", "its table of contents"), (b"mdat", "its pictures")):
        if kind not in film.kinds:
            raise _UnsoundError(f"The file is cut short or no MP4: {what} ({kind.decode()}) is missing.")
    track = _picture_track(film.moov)
    if film.moofs:
        _add_fragments(film, track)
    _judge(film, track)
    width, height = (track.height, track.width) if track.turned else (track.width, track.height)
    return Clip(
        width=width,
        height=height,
        seconds=Fraction(track.ticks, track.scale),
        frames=track.frames,
        codec=_CODECS.get(track.codec, track.codec.decode("latin-1").strip()),
        size=film.size,
    )


def _judge(film: _Film, track: _Track) -> None:
    """Raise for a header that does not add up."""
    if not (track.width and track.height and track.codec and track.scale):
        raise _UnsoundError("The MP4's header is damaged: it gives no size, codec or clock of its picture.")
    if not (track.frames and track.ticks):
        raise _UnsoundError("The MP4 holds no frame.")
    if film.moofs:
        missing = track.promised - track.ticks
        if missing > 2 * track.ticks // track.frames:
            raise _UnsoundError(f"The file is cut short: {float(Fraction(missing, track.scale)):.2f} s are missing.")
        return
    if track.sizes != track.frames:
        raise _UnsoundError("The MP4's header is damaged: its tables name different numbers of frames.")
    if track.bytes > film.payload or track.furthest >= film.size:
        raise _UnsoundError("The file is cut short: its table of contents names pictures beyond its end.")


def _inside(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin and end of the contents of each box between two places."""
    while end - start >= 8:
        kind, body, after = _box(data[start : start + 16], start, end)
        if after > end:
            raise _UnsoundError("The MP4's header is damaged: one of its parts is longer than what holds it.")
        yield kind, body, after
        start = after


def _picture_track(moov: bytes) -> _Track:
    """The first track of pictures, with a fragmented film's defaults."""
    found: _Track | None = None
    defaults: dict[int, int] = {}
    scale = promised = 0
    for kind, start, end in _inside(moov, 0, len(moov)):
        if kind == b"trak" and found is None:
            track = _Track()
            _read_track(moov, start, end, track)
            found = track if track.kind == b"vide" else None
        elif kind == b"mvhd":
            scale, _ = _clock(moov, start)
        elif kind == b"mvex":
            promised = _read_extends(moov, start, end, defaults)
    if found is None:
        raise _UnsoundError("The MP4 has no track of pictures.")
    found.each = defaults.get(found.number, 0)
    found.promised = promised * found.scale // scale if scale else 0
    return found


_NESTS = {b"mdia", b"minf", b"stbl"}


def _read_track(data: bytes, start: int, end: int, track: _Track) -> None:
    for kind, body, after in _inside(data, start, end):
        if kind in _NESTS:
            _read_track(data, body, after, track)
        elif kind in _READERS:
            _READERS[kind](data[body:after], track)


def _clock(data: bytes, at: int) -> tuple[int, int]:
    """Ticks a second, and the length in ticks, of a movie's or a track's header."""
    if data[at] == 1:
        scale, ticks = struct.unpack_from(">20xIQ", data, at)
    else:
        scale, ticks = struct.unpack_from(">12xII", data, at)
    return scale, ticks


def _tkhd(box: bytes, track: _Track) -> None:
    long = 12 if box[0] == 1 else 0
    track.number = struct.unpack_from(">I", box, 20 if long else 12)[0]
    a, b, _u, c, d = struct.unpack_from(">iiiii", box, 40 + long)
    track.turned = a == d == 0 and b != 0 and c != 0  # a quarter turn, as phones write it
    wide, high = struct.unpack_from(">II", box, 76 + long)
    track.width, track.height = wide >> 16, high >> 16


def _mdhd(box: bytes, track: _Track) -> None:
    track.scale, _ = _clock(box, 0)


def _hdlr(box: bytes, track: _Track) -> None:
    track.kind = box[8:12]


def _stsd(box: bytes, track: _Track) -> None:
    if track.kind not in {b"vide", b""}:
        return
    _, track.codec, wide, high = struct.unpack_from(">I4s24xHH", box, 8)
    # The sample's own size is what a decoder gives; the track header's may be stretched for display.
    track.width, track.height = wide or track.width, high or track.height


def _stts(box: bytes, track: _Track) -> None:
    entries = struct.unpack_from(">I", box, 4)[0]
    table = box[8 : 8 + 8 * entries]
    if len(table) != 8 * entries:
        raise _UnsoundError("The MP4's header is damaged: its table of times is cut.")
    for count, ticks in struct.iter_unpack(">II", table):
        track.frames += count
        track.ticks += count * ticks


def _stsz(box: bytes, track: _Track) -> None:
    same, track.sizes = struct.unpack_from(">II", box, 4)
    if same:
        track.bytes = same * track.sizes
        return
    if len(box) < 12 + 4 * track.sizes:
        raise _UnsoundError("The MP4's header is damaged: its table of sizes is cut.")
    track.bytes = sum(struct.unpack_from(f">{track.sizes}I", box, 12))


def _stz2(box: bytes, track: _Track) -> None:
    """The compact table of sizes: rare, and read only for how many there are."""
    track.sizes = struct.unpack_from(">I", box, 8)[0]


def _chunks(letter: str) -> _Reader:
    def read(box: bytes, track: _Track) -> None:
        entries = struct.unpack_from(">I", box, 4)[0]
        if len(box) < 8 + struct.calcsize(f">{letter}") * entries:
            raise _UnsoundError("The MP4's header is damaged: its table of places is cut.")
        track.furthest = max(struct.unpack_from(f">{entries}{letter}", box, 8), default=0)

    return read


_READERS: dict[bytes, _Reader] = {
    b"tkhd": _tkhd,
    b"mdhd": _mdhd,
    b"hdlr": _hdlr,
    b"stsd": _stsd,
    b"stts": _stts,
    b"stsz": _stsz,
    b"stz2": _stz2,
    b"stco": _chunks("I"),
    b"co64": _chunks("Q"),
}


def _read_extends(data: bytes, start: int, end: int, defaults: dict[int, int]) -> int:
    """Take each track's default ticks a sample; the whole film's length in the movie's ticks where it is told."""
    promised = 0
    for kind, body, _after in _inside(data, start, end):
        if kind == b"trex":
            number, ticks = struct.unpack_from(">4xI4xI", data, body)
            defaults[number] = ticks
        elif kind == b"mehd":
            promised = struct.unpack_from(">4xQ" if data[body] == 1 else ">4xI", data, body)[0]
    return promised


def _add_fragments(film: _Film, track: _Track) -> None:
    """Count the frames and ticks of the fragments, and what the index promises of them."""
    if film.kinds.count(b"mdat") < len(film.moofs):
        raise _UnsoundError("The file is cut short: the pictures of its last fragment are missing.")
    for moof in film.moofs:
        for kind, start, end in _inside(moof, 0, len(moof)):
            if kind == b"traf":
                _read_fragment(moof, start, end, track)
    for index in film.indexes:
        track.promised = max(track.promised, _indexed(index, track.scale))


def _read_fragment(data: bytes, start: int, end: int, track: _Track) -> None:
    each = track.each
    for kind, body, after in _inside(data, start, end):
        if kind == b"tfhd":
            flags, number = struct.unpack_from(">II", data, body)
            if number != track.number:
                return
            skipped = (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
            each = struct.unpack_from(">I", data, body + 8 + skipped)[0] if flags & 0x8 else each
        elif kind == b"trun":
            _add_run(data[body:after], each, track)


def _add_run(box: bytes, each: int, track: _Track) -> None:
    flags, count = struct.unpack_from(">II", box)
    at = 8 + (4 if flags & 0x1 else 0) + (4 if flags & 0x4 else 0)
    step = 4 * (flags >> 8 & 0xF).bit_count()  # a sample may tell its ticks, size, flags and offset
    if len(box) < at + step * count:
        raise _UnsoundError("The MP4's header is damaged: the table of a fragment is cut.")
    track.frames += count
    if flags & 0x100:
        track.ticks += sum(struct.unpack_from(">I", box, at + step * sample)[0] for sample in range(count))
    else:
        track.ticks += each * count


def _indexed(box: bytes, scale: int) -> int:
    """The ticks of the segments an index names, on the track's clock."""
    own = struct.unpack_from(">8xI", box)[0]
    at = 28 if box[0] == 1 else 20
    entries = struct.unpack_from(">2xH", box, at)[0]
    ticks = sum(struct.unpack_from(">4xI", box, at + 4 + 12 * entry)[0] for entry in range(entries))
    return ticks * scale // own if own else 0
