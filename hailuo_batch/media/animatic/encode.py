"""Pictures into an H.264 MP4: a frame that is painted for each change, and the encoder.

Independent of what the pictures show, why they move, and how a window is read from one.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import av
from av.video.frame import PictureType
from PIL import Image

from hailuo_batch.media.animatic.camera_motion import FPS, WHOLE, Window
from hailuo_batch.media.animatic.resampler import BT709, FrameSize, WindowReader, map_plane, yuv_planes

_FRAME_DURATION = Fraction(1, FPS)
_HOLD_FRAMES = 24  # frames of a held picture that are encoded before their packets are repeated
_KEYFRAME_INTERVAL = 48  # a key frame every two seconds: players can seek, and the last frame is cheap to reach
_OPTIONS = {
    "preset": "ultrafast",
    "crf": "23",
    "g": str(_KEYFRAME_INTERVAL),
    "forced-idr": "1",
    # force-cfr: else x264 keeps one frame back to learn its length. qcomp: else a held picture starts coarse,
    # gets finer and falls back at each key frame, which is visible as pumping.
    "x264-params": "force-cfr=1:qcomp=1",
}
_CONTAINER = {"movflags": "+faststart", "fflags": "+bitexact"}

if TYPE_CHECKING:
    Packet = av.Packet[av.VideoStream]

Content = TypeVar("Content", bound=Hashable)


class Canvas:
    """The frame that is painted for each change: a moving picture above a strip that stays the same."""

    def __init__(self, size: FrameSize, strip: Image.Image) -> None:
        self.size = size
        self.frame = av.VideoFrame(size.width, size.height, "yuv420p")
        rows = size.height - strip.height
        self._moving = [map_plane(plane, rows * plane.height // size.height) for plane in self.frame.planes]
        for plane, still in zip(self.frame.planes, yuv_planes(strip), strict=True):
            padded = Image.new("L", (plane.line_size, still.height))
            padded.paste(still)
            memoryview(plane)[plane.buffer_size - plane.line_size * still.height :] = padded.tobytes()
        for moving in self._moving:
            moving.readonly = 0  # what is pasted into it is in the frame; else Pillow pastes into a copy

    def paint(
        self, picture: WindowReader, window: Window, overlay: WindowReader | None = None, opacity: float = 0.0
    ) -> None:
        """Shows the window; `overlay`, a picture of the frame's own size, covers it by `opacity`, from 0 to 1."""
        for index, (plane, moving) in enumerate(zip(self.frame.planes, self._moving, strict=True)):
            whole, above = FrameSize(width=plane.width, height=plane.height), moving.height
            layers = [picture.read(window, index, whole, above)] if opacity < 1 else []
            if overlay and opacity > 0:
                layers.append(overlay.read(WHOLE, index, whole, above))
            moving.paste(layers[0] if len(layers) == 1 else Image.blend(layers[0], layers[1], opacity), (0, 0))


def write_mp4(target: Path, canvas: Canvas, contents: Sequence[Content], paint: Callable[[Content], None]) -> None:
    """A whole MP4 at `target`, one frame for each content.

    `paint` is called when the content changes; equal neighbours cost little.

    The bytes depend only on the contents and the libraries. There is one thread, since x264's choices follow the number
    of threads, and there are no time stamps and no writer's name.
    """
    with av.open(str(target), "w", format="mp4", options=_CONTAINER) as container:
        stream = container.add_stream("libx264", rate=FPS, options=_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = canvas.size.width, canvas.size.height, "yuv420p"
        codec = stream.codec_context
        codec.thread_count = 1
        codec.color_primaries = codec.color_trc = codec.colorspace = codec.color_range = BT709
        at = 0
        for content, run in groupby(contents):
            length = len(list(run))
            paint(content)
            for packet in _encode_hold(stream, canvas.frame, at, length):
                container.mux(packet)
            at += length
        for packet in stream.encode(None):
            container.mux(packet)


def _encode_hold(stream: av.VideoStream, frame: av.VideoFrame, at: int, length: int) -> "Iterator[Packet]":
    """The packets of one content shown for `length` frames.

    A long hold starts on a key frame. Its first second is then a closed group that decodes to the same pictures at
    any time, so its packets are repeated with later times instead of being encoded again.
    """
    if length < 2 * _HOLD_FRAMES:
        yield from _encode_frames(stream, frame, range(at, at + length))
        return
    group = list(_encode_frames(stream, frame, range(at, at + _HOLD_FRAMES), key=True))
    yield from group
    repeats = (
        length // _HOLD_FRAMES - 1 if len(group) == _HOLD_FRAMES else 0
    )  # always equal: this encoder delays no packets
    for repeat in range(1, repeats + 1):
        yield from (_shift_packet(packet, repeat * _HOLD_FRAMES) for packet in group)
    yield from _encode_frames(stream, frame, range(at + (repeats + 1) * _HOLD_FRAMES, at + length))


def _encode_frames(
    stream: av.VideoStream, frame: av.VideoFrame, times: range, *, key: bool = False
) -> "Iterator[Packet]":
    for time in times:
        frame.pts, frame.time_base = time, _FRAME_DURATION
        frame.pict_type = PictureType.I if key and time == times.start else PictureType.NONE
        yield from stream.encode(frame)


def _shift_packet(packet: "Packet", frames: int) -> "Packet":
    copy = cast("Packet", av.Packet(bytes(packet)))
    copy.stream, copy.time_base = packet.stream, packet.time_base
    shift = int(frames * _FRAME_DURATION / packet.time_base)
    copy.pts, copy.dts = (packet.pts or 0) + shift, (packet.dts or 0) + shift
    copy.duration = packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy
