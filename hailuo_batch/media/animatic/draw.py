"""A sketch drawn: one shot as a real MP4 on this machine, from its first frame or a title card, moved as its camera
commands say.

This file knows the order of the work; how a card looks, a camera moves and a file is encoded stands in its neighbours.
Nothing here reads a manifest, a clock or a source of chance: the same sketch gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core.manifest.camera import moves
from hailuo_batch.core.request.frame_size import frame_size
from hailuo_batch.errors import InputError
from hailuo_batch.media.animatic.camera_motion import Window, swing, way
from hailuo_batch.media.animatic.values import Sketch, Still

if TYPE_CHECKING:
    from PIL import Image

    from hailuo_batch.media.animatic.resampler import Plate, Size

_DISSOLVE = (0.58, 0.90)  # the cross-fade's begin and end, as parts of the clip; then the last frame rests

_SPARE = 2  # a still is read with twice the frame's pixels, for moves that come closer
_LONGEST = 4  # sides of a frame in relation; the model itself takes 5:2 at most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one frame shows: a window on the picture, and how far the last frame has come through it."""

    window: Window
    share: float


def draw(sketch: Sketch, target: Path) -> None:
    """A whole MP4 of the sketch at `target`, which the caller renames when it likes.

    Raises InputError when a still cannot be read. It takes one core for a while: call it in a worker process.
    """
    from hailuo_batch.media.animatic import encode, slate
    from hailuo_batch.media.animatic.resampler import plate

    first = _opened(sketch.first, sketch.resolution)
    last = _opened(sketch.last, sketch.resolution)
    size = _size(sketch, first or last)
    windows = way(moves(sketch.prompt), sketch.seconds, drift=first is not None)
    if last:
        windows = _settled(windows)
    canvas = encode.Canvas(size, slate.strip(sketch, size))
    picture = plate(_world(sketch, first, size, windows), windows)
    end = _end(last, size)

    def paint(look: _Look) -> None:
        canvas.paint(picture, look.window, end, look.share)

    encode.write(target, canvas, _looks(windows, fades=end is not None), paint)


def _opened(still: Still | None, resolution: str) -> "Image.Image | None":
    from hailuo_batch.media.frames import frame_picture
    from hailuo_batch.media.images import open_picture

    if still is None:
        return None
    if still.frame:
        return frame_picture(still.path, still.frame)
    return open_picture(still.path, enough=_SPARE * min(frame_size(resolution)))


def _size(sketch: Sketch, shape: "Image.Image | None") -> "Size":
    from hailuo_batch.media.animatic.resampler import Size

    wide, high = shape.size if shape else (16, 9)
    if max(wide, high) > _LONGEST * min(wide, high):
        still = sketch.first or sketch.last
        why = f"It is {wide} by {high} pixels; a video is at most {_LONGEST} times as long as it is wide."
        raise InputError(f"picture too narrow: {still.path if still else ''}", why=why, remedy="Crop it.")
    width, height = frame_size(sketch.resolution, wide, high)
    return Size(width=width, height=height)


def _world(sketch: Sketch, first: "Image.Image | None", size: "Size", windows: Sequence[Window]) -> "Image.Image":
    """The picture the camera moves over: the first frame, or a card whose words stay clear of the way's edges."""
    from hailuo_batch.media.animatic import title_card
    from hailuo_batch.media.animatic.resampler import world_size
    from hailuo_batch.media.images import fitted

    world = world_size(size, windows)
    if first:
        return fitted(first, world.width, world.height)
    return title_card.card(sketch, size, world, windows)


def _end(last: "Image.Image | None", size: "Size") -> "Plate | None":
    from hailuo_batch.media.animatic.camera_motion import WHOLE
    from hailuo_batch.media.animatic.resampler import plate
    from hailuo_batch.media.images import fitted

    return plate(fitted(last, size.width, size.height), [WHOLE]) if last else None


def _settled(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The way with its rest after the dissolve held still: behind a picture that covers it nothing needs to move."""
    rest = int(len(windows) * _DISSOLVE[1])
    return windows[:rest] + (windows[rest],) * (len(windows) - rest)


def _looks(windows: Sequence[Window], *, fades: bool) -> list[_Look]:
    """One look a frame; looks of neighbouring frames are equal where nothing moves and nothing fades."""
    begin, end = (part * (len(windows) - 1) for part in _DISSOLVE)
    looks = []
    for frame, window in enumerate(windows):
        share = swing(min(1.0, max(0.0, (frame - begin) / (end - begin)))) if fades else 0.0
        looks.append(_Look(window=window, share=share))
    return looks
