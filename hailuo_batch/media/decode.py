"""Checks that the video of a clip decodes: slow checks, for `verify --deep` and for a clip that was just bought.

`probe.py` checks the tables of the container. Independent of what the clip should show.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_STRICT = {"err_detect": "explode"}  # a decoder that conceals damage would pass a damaged clip


def check_decoding(path: Path) -> str | None:
    """Why the clip does not decode from its first frame to its last; None when it does."""
    return _run_check(path, _decode_all)


def check_end_frames(path: Path) -> str | None:
    """Why the clip's first frame or its last second does not decode; None when both do. A tenth of a full check."""
    return _run_check(path, _decode_ends)


def _run_check(path: Path, check: Callable[["InputContainer", "VideoStream"], str | None]) -> str | None:
    import av

    try:
        with av.open(str(path), options=_STRICT) as container:
            stream = video_stream(container)
            stream.codec_context.options = _STRICT
            return check(container, stream)
    except (av.FFmpegError, OSError, ValueError, EOFError, OverflowError) as error:
        return f"Decoding stopped: {error}."


def video_stream(container: "InputContainer") -> "VideoStream":
    """The first video stream, to be decoded on one thread; a ValueError if none can be decoded."""
    if not container.streams.video:
        raise ValueError("it holds no picture")
    stream = container.streams.video[0]
    if getattr(stream, "codec_context", None) is None:  # PyAV's type denies it, but a codec may be unknown
        raise ValueError("its codec is unknown")
    stream.codec_context.thread_count = 1
    return stream


def _decode_all(container: "InputContainer", stream: "VideoStream") -> str | None:
    promised, seen = stream.frames, 0
    for frame in container.decode(stream):
        if frame.is_corrupt:
            return f"Frame {seen + 1} is damaged."
        seen += 1
    if not seen or (promised and seen != promised):
        return f"{seen} of {promised} frames decode."
    return None


def _decode_ends(container: "InputContainer", stream: "VideoStream") -> str | None:
    first = next(iter(container.decode(stream)), None)
    if first is None or first.is_corrupt:
        return "The first frame does not decode."
    if not stream.duration:
        return None
    container.seek((stream.start_time or 0) + stream.duration, stream=stream, backward=True)
    last = None
    for frame in container.decode(stream):
        if frame.is_corrupt:
            return "The end does not decode."
        last = frame
    return None if last else "The end does not decode."
