"""Pictures into an H.264 MP4: the supersampled planes a window is read from, and the encoder.

A window that creeps by a fifth of a pixel a frame must not stutter. So a picture is converted once to Y, U and V planes
of two or three samples a pixel, and each frame is read from them by nearest sample, which costs less than scaling and
lands within a sixth of a pixel. Nothing here knows what the picture shows or why the window moves.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import av
from av.video.frame import PictureType
from PIL import Image

from hailuo_batch.media.motion import FPS, WHOLE, Window

_BEAT = Fraction(1, FPS)
_HOLD = 24  # frames of a held picture that are encoded before their packets are repeated
_KEY_EVERY = 48  # a key frame every two seconds: players can seek, and the last frame is cheap to reach
_SWELL = 1.04  # a pan's: so little scale that two samples a pixel suffice where nothing else moves
_UNSEEN = 0.001  # of the picture's width or height: about a pixel
_BT709 = 1  # the code of HD's primaries, transfer and matrix, in ITU-T H.273
_OPTIONS = {
    "preset": "ultrafast",
    "crf": "23",
    "g": str(_KEY_EVERY),
    "forced-idr": "1",
    # force-cfr: else x264 keeps one frame back to learn its length. qcomp: else a held picture starts coarse,
    # gets finer and falls back at each key frame, which is seen as breathing.
    "x264-params": "force-cfr=1:qcomp=1",
}
_CONTAINER = {"movflags": "+faststart", "fflags": "+bitexact"}

if TYPE_CHECKING:
    Packet = av.Packet[av.VideoStream]

Look = TypeVar("Look", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Pixels of a frame; both even."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """A picture ready to be read through windows: its Y, U and V planes, with several samples a pixel."""

    planes: tuple[Image.Image, ...]

    def read(self, window: Window, index: int, width: int, rows: tuple[int, int, int]) -> Image.Image:
        """The window as a picture of one plane. `rows` are the pixels across and down of a whole frame in this
        plane, and how many of them to read; the `width` beyond the frame is padding which a decoder never shows."""
        across, down, wanted = rows
        plane = self.planes[index]
        left, top = window.left * plane.width, window.top * plane.height
        right = left + window.span * plane.width * width / across
        bottom = top + window.span * plane.height * wanted / down
        box = (left, top, right, bottom)
        return plane.transform((width, wanted), Image.Transform.EXTENT, box, Image.Resampling.NEAREST)


def world_size(size: Size, windows: Sequence[Window]) -> Size:
    """How many pixels a picture needs to look sharp through these windows: the mean of the widest and closest."""
    spans = [window.span for window in windows]
    scale = 1 / sqrt(min(spans) * max(spans))
    return Size(width=2 * round(size.width * scale / 2), height=2 * round(size.height * scale / 2))


def plate(picture: Image.Image, windows: Sequence[Window]) -> Plate:
    """The plate of an RGB picture of `world_size`, as fine in each direction as these windows move in it."""
    across, down = _fineness(windows)
    planes = _planes(picture)
    if (across, down) == (1, 1):
        return Plate(planes=planes)
    cubic = Image.Resampling.BICUBIC
    return Plate(planes=tuple(p.resize((p.width * across, p.height * down), cubic) for p in planes))


def _fineness(windows: Sequence[Window]) -> tuple[int, int]:
    """Samples a pixel across and down: three where a slow move would stutter, one where nothing moves."""
    if all(window == windows[0] for window in windows):
        return 1, 1
    middles_x = [window.left + window.span / 2 for window in windows]
    middles_y = [window.top + window.span / 2 for window in windows]
    zooms = max(window.span for window in windows) > _SWELL * min(window.span for window in windows)
    across = max(middles_x) - min(middles_x) > _UNSEEN
    down = max(middles_y) - min(middles_y) > _UNSEEN
    return (3, 3) if zooms or across == down else (3, 2) if across else (2, 3)


def _yuv(picture: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV's gap
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709")


def _planes(picture: Image.Image) -> tuple[Image.Image, ...]:
    return tuple(
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size, 1)
        for plane in _yuv(picture).planes
    )


class Canvas:
    """The one frame that is painted again and again: a moving picture above a strip that stays."""

    def __init__(self, size: Size, strip: Image.Image) -> None:
        self.size = size
        self.frame = av.VideoFrame(size.width, size.height, "yuv420p")
        self._rows = size.height - strip.height
        for plane, still in zip(self.frame.planes, _planes(strip), strict=True):
            padded = Image.new("L", (plane.line_size, still.height))
            padded.paste(still)
            memoryview(plane)[plane.buffer_size - plane.line_size * still.height :] = padded.tobytes()

    def paint(self, picture: Plate, window: Window, over: Plate | None = None, share: float = 0.0) -> None:
        """Show the window; `over`, a picture of the frame's own size, covers it by `share`, from 0 to 1."""
        for index, plane in enumerate(self.frame.planes):
            rows = (plane.width, plane.height, self._rows * plane.height // self.size.height)
            layers = [picture.read(window, index, plane.line_size, rows)] if share < 1 else []
            if over and share > 0:
                layers.append(over.read(WHOLE, index, plane.line_size, rows))
            seen = layers[0] if len(layers) == 1 else Image.blend(layers[0], layers[1], share)
            memoryview(plane)[: plane.line_size * rows[2]] = seen.tobytes()


def write(target: Path, canvas: Canvas, looks: Sequence[Look], paint: Callable[[Look], None]) -> None:
    """A whole MP4 at `target`, one frame a look. `paint` is called when the look changes; equal neighbours cost little.

    The bytes depend on the looks and the libraries only: one thread (x264's choices follow the number of threads), no
    time stamps, no writer's name.
    """
    with av.open(str(target), "w", format="mp4", options=_CONTAINER) as container:
        stream = container.add_stream("libx264", rate=FPS, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = canvas.size.width, canvas.size.height, "yuv420p"
        codec = stream.codec_context
        codec.thread_count = 1
        codec.color_primaries = codec.color_trc = codec.colorspace = codec.color_range = _BT709
        at = 0
        for look, run in groupby(looks):
            length = len(list(run))
            paint(look)
            for packet in _held(stream, canvas.frame, at, length):
                container.mux(packet)
            at += length
        for packet in stream.encode(None):
            container.mux(packet)


def _held(stream: av.VideoStream, frame: av.VideoFrame, at: int, length: int) -> "Iterator[Packet]":
    """The packets of one look shown for `length` frames.

    A long hold starts on a key frame; its first second is then a closed group that decodes to the same pictures
    wherever it stands, so its packets are repeated under later times instead of being encoded again.
    """
    if length < 2 * _HOLD:
        yield from _encoded(stream, frame, range(at, at + length))
        return
    group = list(_encoded(stream, frame, range(at, at + _HOLD), key=True))
    yield from group
    repeats = length // _HOLD - 1 if len(group) == _HOLD else 0  # never else: this encoder holds nothing back
    for repeat in range(1, repeats + 1):
        yield from (_later(packet, repeat * _HOLD) for packet in group)
    yield from _encoded(stream, frame, range(at + (repeats + 1) * _HOLD, at + length))


def _encoded(stream: av.VideoStream, frame: av.VideoFrame, times: range, *, key: bool = False) -> "Iterator[Packet]":
    for time in times:
        frame.pts, frame.time_base = time, _BEAT
        frame.pict_type = PictureType.I if key and time == times.start else PictureType.NONE
        yield from stream.encode(frame)


def _later(packet: "Packet", frames: int) -> "Packet":
    copy = cast("Packet", av.Packet(bytes(packet)))
    copy.stream, copy.time_base = packet.stream, packet.time_base
    shift = int(frames * _BEAT / packet.time_base)
    copy.pts, copy.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
    copy.duration = packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy
