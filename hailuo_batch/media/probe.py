"""Checks that a file is a whole video, by the boxes of the MP4, in some hundredths of a millisecond.

The check finds a file that is cut at any length. Every box has its length, and all samples of the header must be
inside. Bytes behind the last box that are no part of an MP4 are counted, since every player passes over them. The check
does not find a flipped bit inside a frame; `decode.py` does, at a thousand times the cost. No byte is trusted: anything
that is not a video becomes a reason in words, never an exception.
"""

import os
import struct
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from hailuo_batch.media.mp4_boxes import Track, UnsoundError, add_fragments, read_box, video_track
from hailuo_batch.values import dataclass

_MAX_BOXES = 20_000  # at the top level; a clip of ten seconds in fragments has some dozens
_MAX_HEADER = 16_000_000  # bytes of a moov or moof that are read; real ones stay under 100 KB
# What may follow the pictures: one of these that is not whole is a cut, and anything else behind them is no part of it.
_KNOWN_BOXES = frozenset(
    {
        *(b"ftyp", b"styp", b"free", b"skip", b"wide", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"prft"),
        *(b"meta", b"meco", b"uuid", b"udta", b"emsg", b"pdin", b"pnot"),
    }
)
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
class VideoFacts:
    """The facts of a whole MP4: upright size, length, number of frames, codec, and the file's bytes.

    `trailing` is how many of them are behind its last part.
    """

    width: int
    height: int
    seconds: Fraction
    frames: int
    codec: str
    size: int
    trailing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidVideo:
    """Why a file is not a whole video, in words for the user; `is_unread`: this machine could not read it."""

    reason: str
    is_unread: bool = False


@dataclass(slots=True, kw_only=True)
class _Mp4File:
    """The boxes at the top level of a file."""

    size: int
    kinds: list[bytes] = field(default_factory=list)
    moov: bytes = b""
    moofs: list[bytes] = field(default_factory=list)
    indexes: list[bytes] = field(default_factory=list)
    payload: int = 0  # bytes inside all mdat
    trailing: int = 0  # bytes behind the last part


def probe(path: Path) -> VideoFacts | InvalidVideo:
    """The facts of the clip in the file, or why it is not a clip. Never raises."""
    try:
        with path.open("rb") as file:
            return _video_facts(_read_boxes(file))
    except UnsoundError as error:
        return InvalidVideo(reason=str(error))
    except OSError as error:
        return InvalidVideo(reason=f"The file cannot be read: {error.strerror or error}.", is_unread=True)
    except (struct.error, IndexError, ValueError, OverflowError, MemoryError, RecursionError):
        return InvalidVideo(reason="The MP4's header is damaged.")


def _read_boxes(file: BinaryIO) -> _Mp4File:
    film = _Mp4File(size=os.fstat(file.fileno()).st_size)
    at = 0
    while at < film.size:
        file.seek(at)
        head = file.read(16)
        if _is_behind_the_end(film, head, at):
            film.trailing = film.size - at
            break
        kind, body, end = read_box(head, at, film.size)
        if at == 0:
            _sniff(head, kind, film.size)
        if end > film.size:
            name = kind.decode("latin-1")
            raise UnsoundError(f"The file is cut short: {end - film.size} bytes of its {name!r} part are missing.")
        if len(film.kinds) == _MAX_BOXES:
            raise UnsoundError("The file is no sound MP4: it has too many parts.")
        film.kinds.append(kind)
        _keep_box(file, film, kind, (body, end))
        at = end
    return film


def _is_behind_the_end(film: _Mp4File, head: bytes, at: int) -> bool:
    """Whether what begins here is no part of an MP4 whose header and pictures were all read.

    A film in fragments ends anywhere, so the rest of one that was cut looks the same: there, nothing may follow.
    """
    if film.moofs or not film.moov or not film.payload:
        return False
    try:
        kind, _, end = read_box(head, at, film.size)
    except UnsoundError:
        return head[4:8] not in _KNOWN_BOXES
    return end > film.size and kind not in _KNOWN_BOXES


def _sniff(head: bytes, kind: bytes, size: int) -> None:
    """Names what came instead of a video, if the first bytes show it."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<error")):
        raise UnsoundError("It is a web page or an XML answer, not a video.")
    if start.startswith((b"{", b"[")):
        raise UnsoundError("It is a JSON answer, not a video.")
    if kind not in {b"ftyp", b"styp", b"free", b"skip", b"wide", b"moov", b"mdat", b"pnot"}:
        raise UnsoundError(f"The file is no MP4: its {size} bytes begin with none of an MP4's parts.")


def _keep_box(file: BinaryIO, film: _Mp4File, kind: bytes, span: tuple[int, int]) -> None:
    """Keeps what is needed of a top-level box: the bytes of headers, and of the payload only its length."""
    body, end = span
    if kind == b"mdat":
        film.payload += end - body
    elif kind in {b"moov", b"moof", b"sidx"}:
        if end - body > _MAX_HEADER:
            raise UnsoundError("The MP4's header is damaged: it claims to be larger than any film's.")
        file.seek(body)
        data = file.read(end - body)
        if kind == b"moov":
            film.moov = film.moov or data
        else:
            (film.moofs if kind == b"moof" else film.indexes).append(data)


def _video_facts(film: _Mp4File) -> VideoFacts:
    if not film.size:
        raise UnsoundError("The file is empty.")
    for kind, what in ((b"ftyp", "its file type"), (b"moov", "its table of contents"), (b"mdat", "its pictures")):
        if kind not in film.kinds:
            raise UnsoundError(f"The file is cut short or no MP4: {what} ({kind.decode()}) is missing.")
    track = video_track(film.moov)
    if film.moofs:
        if film.kinds.count(b"mdat") < len(film.moofs):
            raise UnsoundError("The file is cut short: the pictures of its last fragment are missing.")
        add_fragments(film.moofs, film.indexes, track)
    _check_header(film, track)
    width, height = (track.height, track.width) if track.is_rotated else (track.width, track.height)
    return VideoFacts(
        width=width,
        height=height,
        seconds=Fraction(track.ticks, track.timescale),
        frames=track.frames,
        codec=_CODECS.get(track.codec, track.codec.decode("latin-1").strip()),
        size=film.size,
        trailing=film.trailing,
    )


def _check_header(film: _Mp4File, track: Track) -> None:
    """Raises for a header that contradicts itself."""
    if not (track.width and track.height and track.codec and track.timescale):
        raise UnsoundError("The MP4's header is damaged: it gives no size, codec or clock of its picture.")
    if not (track.frames and track.ticks):
        raise UnsoundError("The MP4 holds no frame.")
    if film.moofs:
        missing = track.announced_ticks - track.ticks
        if missing > 2 * track.ticks // track.frames:
            raise UnsoundError(f"The file is cut short: {float(Fraction(missing, track.timescale)):.2f} s are missing.")
        return
    if track.sample_count != track.frames:
        raise UnsoundError("The MP4's header is damaged: its tables name different numbers of frames.")
    if track.sample_bytes > film.payload or track.last_chunk_offset >= film.size:
        raise UnsoundError("The file is cut short: its table of contents names pictures beyond its end.")
