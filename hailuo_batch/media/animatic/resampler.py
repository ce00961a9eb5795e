"""Reads moving windows from a picture, exact to a part of a pixel and at little cost.

A window that moves by a fifth of a pixel per frame must not stutter. So a picture is converted once to Y, U and V
planes, with two or three samples per pixel in the directions of the motion. Each frame takes the nearest samples, which
is exact to a sixth of a pixel. For a window of constant size, each possible offset inside a pixel is sampled once as a
picture of its own, and frames are cut out of it. Does not encode.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Protocol, cast

import av
from PIL import Image

from hailuo_batch.media.animatic.camera_motion import Window
from hailuo_batch.values import dataclass

BT709 = 1  # the code of HD's primaries, transfer and matrix, in ITU-T H.273
_SAMPLES_PER_PIXEL = 3  # samples a pixel
_NEGLIGIBLE = 0.001  # of the picture's width or height: a smaller move counts as none


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSize:
    """Pixels of a frame; both even."""

    width: int
    height: int


class WindowReader(Protocol):
    """A picture that windows are read from."""

    def read(self, window: Window, index: int, frame: FrameSize, rows: int) -> Image.Image:
        """The upper rows of the window in plane `index`, whose whole frame has the size `frame`."""


class _ScalingReader:
    """For windows that change size: every frame takes its own samples."""

    def __init__(self, finer: tuple[Image.Image, ...]) -> None:
        self._finer = finer

    def read(self, window: Window, index: int, frame: FrameSize, rows: int) -> Image.Image:
        plane = self._finer[index]
        left, top = window.left * plane.width, window.top * plane.height
        bottom = top + window.span * plane.height * rows / frame.height
        box = (left, top, left + window.span * plane.width, bottom)
        return plane.transform((frame.width, rows), Image.Transform.EXTENT, box, _NEAREST, fill=0)


class _SlidingReader:
    """For windows of one size: one pixel of the frame is one of the picture, at one of a few offsets inside it."""

    def __init__(self, finer: tuple[Image.Image, ...], fine: tuple[int, int]) -> None:
        self._finer, self._fine = finer, fine
        self._offsets: dict[tuple[int, int, int], Image.Image] = {}

    def read(self, window: Window, index: int, frame: FrameSize, rows: int) -> Image.Image:
        plane = self._finer[index]
        across, down = self._fine
        x, right = _split_offset(window.left, plane.width, across, frame.width)
        y, lower = _split_offset(window.top, plane.height, down, frame.height)
        picture = self._offset_plane(index, right, lower)
        return picture.crop((x, y, x + frame.width, y + rows))

    def _offset_plane(self, index: int, right: int, lower: int) -> Image.Image:
        key = (index, right, lower)
        if key not in self._offsets:
            plane = self._finer[index]
            box = (right, lower, right + plane.width, lower + plane.height)
            size = (plane.width // self._fine[0], plane.height // self._fine[1])
            self._offsets[key] = (
                plane if size == plane.size else plane.transform(size, Image.Transform.EXTENT, box, _NEAREST)
            )
        return self._offsets[key]


_NEAREST = Image.Resampling.NEAREST


def _split_offset(begin: float, samples: int, fine: int, frame: int) -> tuple[int, int]:
    """The whole pixel a window begins at and the samples beyond it, so that it ends inside the picture."""
    most = samples - frame * fine
    return divmod(max(0, min(most, round(begin * samples))), fine)


def background_size(size: FrameSize, windows: Sequence[Window]) -> FrameSize:
    """How many pixels a picture needs to be sharp in these windows: the mean of the widest and the closest."""
    spans = [window.span for window in windows]
    scale = 1 / sqrt(min(spans) * max(spans))
    return FrameSize(width=2 * round(size.width * scale / 2), height=2 * round(size.height * scale / 2))


def make_window_reader(picture: Image.Image, windows: Sequence[Window]) -> WindowReader:
    """The plate of an RGB picture of `background_size`, with more samples in the directions of these windows."""
    steady = max(window.span for window in windows) - min(window.span for window in windows) < _NEGLIGIBLE
    across = _value_range([window.left for window in windows]) > _NEGLIGIBLE
    down = _value_range([window.top for window in windows]) > _NEGLIGIBLE
    fine = (_SAMPLES_PER_PIXEL if across or not steady else 1, _SAMPLES_PER_PIXEL if down or not steady else 1)
    finer = _upsample(picture, fine)
    return _SlidingReader(finer, fine) if steady else _ScalingReader(finer)


def _value_range(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _upsample(picture: Image.Image, fine: tuple[int, int]) -> tuple[Image.Image, ...]:
    """Its Y, U and V planes with more samples, by libswscale: a tenth of the time that Pillow takes."""
    frame = _yuv_frame(picture)
    if fine == (1, 1):
        return _split_planes(frame)
    width, height = picture.width * fine[0], picture.height * fine[1]
    return _split_planes(frame.reformat(width=width, height=height, interpolation="BICUBIC"))


def yuv_planes(picture: Image.Image) -> tuple[Image.Image, ...]:
    """The Y, U and V planes of an RGB picture with even sides, in HD's colours and a video's range."""
    return _split_planes(_yuv_frame(picture))


def _yuv_frame(picture: Image.Image) -> av.VideoFrame:
    frame: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV's gap
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709")


def _split_planes(frame: av.VideoFrame) -> tuple[Image.Image, ...]:
    return tuple(map_plane(plane, plane.height) for plane in frame.planes)


def map_plane(plane: av.video.plane.VideoPlane, rows: int) -> Image.Image:
    """The upper rows of a plane as a picture in the same memory, without a copy."""
    data = cast("bytes", memoryview(plane))  # Pillow takes any buffer
    return Image.frombuffer("L", (plane.width, rows), data, "raw", "L", plane.line_size, 1)
