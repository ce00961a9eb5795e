"""Measures a clip and draws its stills, in one pass over its frames: plain numbers, no model.

Frames that no other frame needs are not decoded, which halves the work. Small grey pictures of up to 16 frames, spread
evenly, are compared. The stills are the first, the middle and the last frame, as JPEGs for pages. Writes no file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from io import BytesIO
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from hailuo_batch.core.measures import ClipMeasures, FrameMatch, GivenImage
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.errors import InputError
from hailuo_batch.media.decode import video_stream
from hailuo_batch.media.frames import frame_to_image, read_frame
from hailuo_batch.media.images import open_image, read_pixel_count
from hailuo_batch.media.similarity import best_ssim
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from PIL import Image

MAX_SAMPLES = 16
MAX_STILL_BYTES = 60_000
_GREY_SIDE = 160  # pixels of the longer side of the grey pictures
_STILL_BOX = (640, 800)  # pixels; a still is inside it
_STILL_QUALITIES = (82, 70, 55, 40)  # of a JPEG; a lower one is for pictures with much detail
_PART = 8  # pixels of a side of the parts that are compared
_DARK = 20  # levels; below it nothing can be seen
_BLACK_SHARE = 0.99  # of the pixels of a black frame are dark
_STILL = 1.0  # levels: where no part changes more, it is the same picture, encoded otherwise
_DETAIL = 4.0  # levels: a part whose pixels differ so much has detail, and shows that the camera moves
_MOVED_LEAST, _MOVED_MOST = 2.0, 4.0  # levels: a part that changed so much was moved; grain changes it less
_MOVED_SHARE = 0.35  # of its detail; between these levels
_LEAST_PARTS = 8  # with detail; fewer cannot show whether the camera moves
_FINER = 4  # differences are multiplied before they are averaged in whole levels
_MOST_FRAMES = 3_000  # a clip of ten seconds has 240; a file that goes on beyond this is measured so far
_MIDDLE = 0.49  # of the length: a frame less is nearer to the middle than one more
_MOST_FRAME_PIXELS = 36_000_000  # of a frame; 8K has 33 million
_MOST_PIXELS = 40_000_000  # of a given image; a larger one is not compared


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredClip:
    """The measures, and the stills as the bytes of JPEGs."""

    measures: ClipMeasures
    stills: Mapping[StillAt, bytes]


def measure_clip(video: Path, given: Iterable[GivenImage] = ()) -> MeasuredClip:
    """The measures and stills of a clip; an InputError where it does not decode.

    `given` are the images that its request gave; one that has no path or cannot be read is not compared.
    """
    import av

    try:
        with av.open(str(video)) as container:
            samples = _take_samples(container, video_stream(container))
    except (av.FFmpegError, OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot measure {video}", why=f"decoding it stopped: {reason}") from error
    greys = samples.greys
    return MeasuredClip(
        measures=ClipMeasures(
            frames=len(greys),
            brightness=fmean(fmean(each.tobytes()) for each in greys),
            black=_share(map(_is_black, greys)),
            still=_find_still_share(greys),
            moved=_find_moved_share(greys),
            matches=tuple(_match(image, greys) for image in given),
        ),
        stills={at: _draw_jpeg(image) for at, image in samples.stills.items()},
    )


@dataclass(slots=True)
class _Samples:
    greys: "list[Image.Image]" = field(default_factory=list)
    stills: "dict[StillAt, Image.Image]" = field(default_factory=dict)


def _take_samples(container: "InputContainer", stream: "VideoStream") -> _Samples:
    """Grey pictures at even times, the first and the last frame among them, and the three stills."""
    if stream.width * stream.height > _MOST_FRAME_PIXELS:
        raise ValueError(f"its frames have {stream.width} × {stream.height} pixels")
    stream.codec_context.skip_frame = "NONREF"
    found, begin, seconds = _Samples(), *_find_span(stream)
    last, is_sampled = None, False
    for number, frame in zip(range(_MOST_FRAMES), container.decode(stream), strict=False):
        at = ((frame.time or 0.0) - begin) / seconds if seconds else 1.0
        last, is_sampled = frame, number == 0 or at * (MAX_SAMPLES - 1) >= len(found.greys) < MAX_SAMPLES - 1
        if is_sampled:
            found.greys.append(_draw_grey(frame))
        if number == 0:
            found.stills[StillAt.FIRST] = _draw_small(frame)
        elif at >= _MIDDLE and StillAt.MIDDLE not in found.stills:
            found.stills[StillAt.MIDDLE] = _draw_small(frame)
    if last is None:
        raise ValueError("no picture in it")
    if not is_sampled:
        found.greys.append(_draw_grey(last))
    found.stills[StillAt.LAST] = _draw_small(last)
    found.stills.setdefault(StillAt.MIDDLE, found.stills[StillAt.LAST])
    return found


def _find_span(stream: "VideoStream") -> tuple[float, float]:
    """When the video begins and how long it is, in seconds; 0 where it does not say so."""
    base = stream.time_base or 0
    return float((stream.start_time or 0) * base), float((stream.duration or 0) * base)


def _draw_grey(frame: "VideoFrame") -> "Image.Image":
    from PIL import Image

    scale = _GREY_SIDE / max(frame.width, frame.height)
    width, height = (max(2 * _PART, round(side * scale)) for side in (frame.width, frame.height))
    grey = frame.reformat(width=width, height=height, format="gray", interpolation="AREA", dst_color_range="JPEG")
    plane = grey.planes[0]
    return Image.frombuffer("L", (width, height), bytes(plane), "raw", "L", plane.line_size, 1)


def _draw_small(frame: "VideoFrame") -> "Image.Image":
    scale = min(1.0, *(most / side for most, side in zip(_STILL_BOX, (frame.width, frame.height), strict=True)))
    return frame_to_image(frame, (max(2, round(frame.width * scale)), max(2, round(frame.height * scale))))


def _draw_jpeg(image: "Image.Image") -> bytes:
    """The picture as a JPEG that a page loads quickly; smaller where it has too much detail."""
    for quality in _STILL_QUALITIES:
        target = BytesIO()
        image.save(target, "JPEG", quality=quality, optimize=True)
        if target.tell() <= MAX_STILL_BYTES:
            return target.getvalue()
    return _draw_jpeg(image.reduce(2))


def _share(found: Iterable[bool]) -> float:
    each = list(found)
    return sum(each) / len(each) if each else 0.0


def _is_black(grey: "Image.Image") -> bool:
    return sum(grey.histogram()[:_DARK]) >= _BLACK_SHARE * grey.width * grey.height


def _find_still_share(greys: "Sequence[Image.Image]") -> float:
    """The longest part of the clip, from 0 to 1, in which each frame is like the first one of that part."""
    longest = begin = 0
    for number, grey in enumerate(greys):
        if max(_part_changes(greys[begin], grey)) >= _STILL:
            begin = number
        longest = max(longest, number - begin)
    return longest / max(1, len(greys) - 1)


def _find_moved_share(greys: "Sequence[Image.Image]") -> float:
    """Of the parts with detail in the first frame, the largest share that differs in a later one."""
    first = greys[0]
    flat = first.reduce(_PART).resize(first.size, 0)
    spreads = {number: spread for number, spread in enumerate(_part_changes(first, flat)) if spread >= _DETAIL}
    if len(spreads) < _LEAST_PARTS or len(greys) == 1:
        return 1.0
    limits = {number: min(_MOVED_MOST, max(_MOVED_LEAST, _MOVED_SHARE * spread)) for number, spread in spreads.items()}
    changes = (_part_changes(first, each) for each in greys[1:])
    return max(_share(each[number] >= limit for number, limit in limits.items()) for each in changes)


def _part_changes(one: "Image.Image", other: "Image.Image") -> list[float]:
    """How much each part of two grey pictures differs on average, in levels."""
    from PIL import ImageChops

    apart = ImageChops.difference(one, other).point([min(255, level * _FINER) for level in range(256)])
    return [level / _FINER for level in apart.reduce(_PART).tobytes()]


def _match(given: GivenImage, greys: "Sequence[Image.Image]") -> FrameMatch:
    """How like an end of the clip is to its image; one that cannot be read, or is very large, is not compared."""
    found = FrameMatch(role=given.role, digest=given.digest, frame=given.frame)
    if not given.path:
        return found
    try:
        image = _open_given(given)
    except (InputError, OSError):
        return found
    if image is None:
        return found
    likeness = best_ssim(greys[0 if given.role == "first" else -1], image.convert("L"))
    return replace(found, ssim=likeness, shape=image.width / image.height)


def _open_given(given: GivenImage) -> "Image.Image | None":
    path = Path(given.path)
    if given.frame:
        return read_frame(path, given.frame)
    return open_image(path, min_side=2 * _GREY_SIDE) if read_pixel_count(path) <= _MOST_PIXELS else None
