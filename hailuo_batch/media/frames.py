"""Single frames of a video: posters for a report, and the first or last frame to start the next shot from.

Files are written where the caller says. The caller makes sure that a file is there whole or not at all.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.errors import InputError
from hailuo_batch.media.decode import video_stream

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream
    from PIL import Image

_BT709, _UNSPECIFIED, _FULL = 1, 2, 2  # codes of H.273: two of the matrix, one of the range


def draw_poster(video: Path, *, width: int = 480) -> bytes:
    """The first frame as the bytes of a JPEG, `width` pixels wide or the video's own width if that is less."""
    image = read_frame(video, "first")
    if image.width > width:
        image = image.resize((width, max(1, round(image.height * width / image.width))), reducing_gap=2.0)
    target = BytesIO()
    image.save(target, "JPEG", quality=84, optimize=True)
    return target.getvalue()


def write_frame_png(video: Path, which: str, target: Path) -> None:
    """The "first" or "last" frame as a PNG, each pixel as it was decoded."""
    read_frame(video, which).save(target, "PNG", compress_level=3)


def read_frame(video: Path, which: str) -> "Image.Image":
    """The "first" or "last" frame in RGB; an InputError where the file gives none."""
    import av

    try:
        with av.open(str(video)) as container:
            stream = video_stream(container)
            return _first_frame(container) if which == "first" else _last_frame(container, stream)
    except (av.FFmpegError, StopIteration, OSError, ValueError, OverflowError) as error:
        raise InputError(f"no {which} frame in {video}", why=f"Decoding it stopped: {error}.") from error


def _first_frame(container: "InputContainer") -> "Image.Image":
    return frame_to_image(next(container.decode(video=0)))


def _last_frame(container: "InputContainer", stream: "VideoStream") -> "Image.Image":
    """The last frame shown: from the last key frame on, and from the start where seeking is not possible."""
    import av

    if stream.duration:
        try:
            container.seek((stream.start_time or 0) + stream.duration, stream=stream, backward=True)
        except av.FFmpegError:
            container.seek(0)
    last = None
    for frame in container.decode(video=0):
        last = frame
    if last is None:
        raise ValueError("no picture in it")
    return frame_to_image(last)


def frame_to_image(frame: "VideoFrame", size: tuple[int, int] | None = None) -> "Image.Image":
    """The frame in RGB, at its own size or another one.

    Colours are those that the file names; unnamed ones are HD's from 720 lines on, as players take them. All settings
    are explicit: PyAV's own guess changed between versions, and a chained frame would change too.
    """
    named = {_BT709: "ITU709", _UNSPECIFIED: "ITU709" if min(frame.width, frame.height) >= 720 else "ITU601"}
    full = frame.color_range == _FULL
    width, height = size or (None, None)
    rgb = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=named.get(frame.colorspace, "ITU601"),
        src_color_range="JPEG" if full else "MPEG",
        dst_color_range="JPEG",
    )
    image: Image.Image = rgb.to_image()  # type: ignore[no-untyped-call]  # PyAV types the rest
    return image
