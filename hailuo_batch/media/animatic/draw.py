"""Draws a sketch: one shot as an MP4, from its first frame or a title card, with the motion of its camera commands.

This file has the order of the work. Title cards, camera motion and encoding are in the files beside it. Reads no
manifest, clock or random numbers: the same sketch gives the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core.manifest.camera import camera_moves
from hailuo_batch.core.request.frame_size import frame_size
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.errors import InputError
from hailuo_batch.media.animatic.camera_motion import Window, camera_path, ease_swing
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from PIL import Image

    from hailuo_batch.media.animatic.resampler import FrameSize, WindowReader

_DISSOLVE = (0.58, 0.90)  # the cross-fade's begin and end, as parts of the clip; then the last frame rests

_STILL_SCALE = 2  # a still is read with twice the frame's pixels, for moves that come closer
_MAX_ASPECT = 4  # sides of a frame in relation; the model itself takes 5:2 at most


@dataclass(frozen=True, slots=True, kw_only=True)
class _FrameContent:
    """What one frame shows: a window on the picture, and how opaque the last frame is over it."""

    window: Window
    opacity: float


def draw(sketch: Sketch, target: Path) -> None:
    """A whole MP4 of the sketch at `target`, which the caller renames later.

    Raises InputError when a still cannot be read. It takes one core for a while: call it in a worker process.
    """
    from hailuo_batch.media.animatic import encode, slate
    from hailuo_batch.media.animatic.resampler import make_window_reader

    first = _open_still(sketch.first, sketch.resolution)
    last = _open_still(sketch.last, sketch.resolution)
    size = _video_size(sketch, first or last)
    windows = camera_path(camera_moves(sketch.prompt), sketch.seconds, drift=first is not None)
    if last:
        windows = _freeze_after_dissolve(windows)
    canvas = encode.Canvas(size, slate.draw_slate(sketch, size))
    picture = make_window_reader(_background_image(sketch, first, size, windows), windows)
    end = _end_reader(last, size)

    def paint(content: _FrameContent) -> None:
        canvas.paint(picture, content.window, end, content.opacity)

    encode.write_mp4(target, canvas, _frame_contents(windows, dissolves=end is not None), paint)


def _open_still(still: Still | None, resolution: str) -> "Image.Image | None":
    from hailuo_batch.media.frames import read_frame
    from hailuo_batch.media.images import open_image

    if still is None:
        return None
    if still.frame:
        return read_frame(Path(still.path), still.frame)
    return open_image(Path(still.path), min_side=_STILL_SCALE * min(frame_size(resolution)))


def _video_size(sketch: Sketch, shape: "Image.Image | None") -> "FrameSize":
    from hailuo_batch.media.animatic.resampler import FrameSize

    wide, high = shape.size if shape else (16, 9)
    if max(wide, high) > _MAX_ASPECT * min(wide, high):
        still = sketch.first or sketch.last
        why = f"It is {wide} by {high} pixels; a video is at most {_MAX_ASPECT} times as long as it is wide."
        raise InputError(f"picture too narrow: {still.path if still else ''}", why=why, remedy="Crop it.")
    width, height = frame_size(sketch.resolution, wide, high)
    return FrameSize(width=width, height=height)


def _background_image(
    sketch: Sketch, first: "Image.Image | None", size: "FrameSize", windows: Sequence[Window]
) -> "Image.Image":
    """The picture that the camera moves over: the first frame, or a card whose text no move cuts."""
    from hailuo_batch.media.animatic import title_card
    from hailuo_batch.media.animatic.resampler import background_size
    from hailuo_batch.media.images import fit_image

    world = background_size(size, windows)
    if first:
        return fit_image(first, world.width, world.height)
    return title_card.draw_title_card(sketch, size, world, windows)


def _end_reader(last: "Image.Image | None", size: "FrameSize") -> "WindowReader | None":
    from hailuo_batch.media.animatic.camera_motion import WHOLE
    from hailuo_batch.media.animatic.resampler import make_window_reader
    from hailuo_batch.media.images import fit_image

    return make_window_reader(fit_image(last, size.width, size.height), [WHOLE]) if last else None


def _freeze_after_dissolve(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The windows, unchanged after the dissolve: the last frame then covers the picture, so nothing needs to move."""
    rest = int(len(windows) * _DISSOLVE[1])
    return windows[:rest] + (windows[rest],) * (len(windows) - rest)


def _frame_contents(windows: Sequence[Window], *, dissolves: bool) -> list[_FrameContent]:
    """The content of each frame; neighbours are equal where nothing moves and nothing fades."""
    begin, end = (part * (len(windows) - 1) for part in _DISSOLVE)
    contents = []
    for frame, window in enumerate(windows):
        share = ease_swing(min(1.0, max(0.0, (frame - begin) / (end - begin or 1)))) if dissolves else 0.0
        contents.append(_FrameContent(window=window, opacity=share))
    return contents
