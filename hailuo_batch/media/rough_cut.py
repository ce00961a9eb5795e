"""Parts of clips, and slates for what is missing, as one MP4 without sound.

The packets of a clip are copied where that gives exactly the wanted frames, and where all parts then have one and the
same stream: an MP4 has one head for all of it. A part that starts off a key frame, or ends inside a group of frames
that need each other, is encoded again, and so is every part whose stream is not that of the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hailuo_batch.errors import InputError
from hailuo_batch.media.decode import video_stream
from hailuo_batch.media.missing_slate import SlateText, draw_missing_slate
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer

# Quick, and without a loss that one sees: the film is for watching and cutting, not for release.
_ENCODING = {"preset": "veryfast", "crf": "18"}
_BT709 = 1
_CONTAINER = {"movflags": "+faststart"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmForm:
    """What all frames of the film have in common."""

    rate: Fraction
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPart:
    """`frames` of the film: of the clip at `path` those from `first` on, or a slate."""

    frames: int
    path: Path | None = None
    rate: Fraction = Fraction(24)  # the clip's own
    first: int = 0
    slate: SlateText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmMade:
    """How many parts were copied as they were, and how many encoded."""

    copied: int
    encoded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A part as packets of a file: those from place `begin` of the file's order on."""

    path: Path
    begin: int
    frames: int
    stream: tuple[object, ...]  # pieces with equal ones can be joined


def write_rough_cut(
    target: Path, parts: Sequence[FilmPart], form: FilmForm, *, is_stopped: Callable[[], bool] = lambda: False
) -> FilmMade:
    """Joins the parts; the caller makes sure that the file is there whole or not at all.

    Raises `InterruptedError` soon after `is_stopped` says so: a thread cannot be ended from outside.
    """
    import av

    try:
        with TemporaryDirectory(prefix="hailuo-rough-cut-") as scratch:
            return _write(target, parts, form, Path(scratch), is_stopped)
    except (av.FFmpegError, ValueError, StopIteration, OverflowError) as error:
        raise InputError("the rough cut cannot be made", why=f"Decoding or encoding stopped: {error}.") from error


def _write(
    target: Path, parts: Sequence[FilmPart], form: FilmForm, scratch: Path, is_stopped: Callable[[], bool]
) -> FilmMade:
    def encode(place: int) -> _Piece:
        return _encode(parts[place], form, scratch / f"{place}.mp4", is_stopped)

    pieces = [_find_copy(part, form) for part in parts]
    made = {place: encode(place) for place, piece in enumerate(pieces) if piece is None}
    streams = Counter(piece.stream for piece in pieces if piece is not None)
    if not made and len(streams) > 1:
        rarest = streams.most_common()[-1][0]
        made = {place: encode(place) for place, piece in enumerate(pieces) if piece and piece.stream == rarest}
    # Once a part is encoded, the film's head is that of our encoder: only the like of it can be copied beside it.
    ours = next((piece.stream for piece in made.values()), None)
    for place, piece in enumerate(pieces):
        if made and piece is not None and place not in made and piece.stream != ours:
            made[place] = encode(place)
    done = [made.get(place, piece) for place, piece in enumerate(pieces)]
    _join(target, [piece for piece in done if piece is not None], form)
    return FilmMade(copied=len(parts) - len(made), encoded=len(made))


def _find_copy(part: FilmPart, form: FilmForm) -> _Piece | None:
    """The packets that decode to exactly the frames of a part; None where there are none."""
    import av

    if part.path is None or part.rate != form.rate:
        return None
    with av.open(str(part.path)) as container:
        stream = video_stream(container)
        packets = [packet for packet in container.demux(stream) if packet.size]
        head = _stream_head(stream)
        if head[1:3] != (form.width, form.height):
            return None
    times = [packet.pts for packet in packets]
    if None in times or any(packet.is_discard for packet in packets):
        return None
    shown = sorted(time for time in times if time is not None)
    wanted = shown[part.first : part.first + part.frames]
    begin = times.index(wanted[0]) if len(wanted) == part.frames else -1
    if begin < 0 or not packets[begin].is_keyframe or sorted(times[begin : begin + part.frames]) != wanted:  # type: ignore[type-var]
        return None
    return _Piece(path=part.path, begin=begin, frames=part.frames, stream=head)


def _stream_head(stream: "av.VideoStream") -> tuple[object, ...]:
    """What has to be equal in two streams for one head to fit both; the size of frames is second and third."""
    codec = stream.codec_context
    return (codec.name, codec.width, codec.height, codec.pix_fmt, bytes(codec.extradata or b""), codec.profile)


def _encode(part: FilmPart, form: FilmForm, target: Path, is_stopped: Callable[[], bool]) -> _Piece:
    """The part as a file of its own, one frame after the other."""
    import av

    with av.open(str(target), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=form.rate, options=_ENCODING)
        stream.width, stream.height, stream.pix_fmt = form.width, form.height, "yuv420p"
        codec = stream.codec_context
        codec.color_primaries = codec.color_trc = codec.colorspace = codec.color_range = _BT709
        made = 0
        for frame in _list_frames(part, form):
            if is_stopped():
                raise InterruptedError
            frame.pts, frame.time_base = made, 1 / form.rate
            frame.pict_type = av.video.frame.PictureType.NONE
            container.mux(stream.encode(frame))
            made += 1
        container.mux(stream.encode(None))
    if made != part.frames:
        raise ValueError(f"{part.path} gives {made} of {part.frames} frames")
    with av.open(str(target)) as written:
        head = _stream_head(video_stream(written))
    return _Piece(path=target, begin=0, frames=made, stream=head)


def _list_frames(part: FilmPart, form: FilmForm) -> "Iterator[av.VideoFrame]":
    import av

    if part.path is None:
        assert part.slate is not None  # noqa: S101 - a part is a clip or a slate
        image = draw_missing_slate(part.slate, (form.width, form.height))
        still = av.VideoFrame.from_image(image).reformat(  # type: ignore[no-untyped-call]  # PyAV types the rest
            format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        yield from (still for _ in range(part.frames))
        return
    with av.open(str(part.path)) as container:
        stream = video_stream(container)
        stream.codec_context.thread_count = 0
        fit = _Fit(form)
        step, made = part.rate / form.rate, 0  # a clip of another rate gives or skips a frame now and then
        for place, frame in enumerate(container.decode(stream)):
            fitted = None
            while made < part.frames and place == part.first + int(made * step):
                fitted = fit.apply(frame) if fitted is None else fitted
                made += 1
                yield fitted
            if made == part.frames:
                return


class _Fit:
    """Brings frames to the film's size: scaled, with black beside or above where the shape is another."""

    def __init__(self, form: FilmForm) -> None:
        self._form = form
        self._graph: Any = None

    def apply(self, frame: "av.VideoFrame") -> "av.VideoFrame":
        """The frame at the film's size."""
        form = self._form
        if (frame.width, frame.height, frame.format.name) == (form.width, form.height, "yuv420p"):
            return frame
        self._graph = self._graph or self._make_graph(frame)
        frame.pts, frame.time_base = None, Fraction(1, 24)
        self._graph.push(frame)
        fitted: av.VideoFrame = self._graph.pull()
        return fitted

    def _make_graph(self, frame: "av.VideoFrame") -> Any:
        from av.filter import Graph

        size = f"{self._form.width}:{self._form.height}"
        graph: Any = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format.name, time_base=Fraction(1, 24)
        )
        graph.link_nodes(
            source,
            graph.add("scale", f"{size}:force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=tv"),
            graph.add("pad", f"{size}:(ow-iw)/2:(oh-ih)/2"),
            graph.add("setsar", "1"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ).configure()
        return graph


def _join(target: Path, pieces: Sequence[_Piece], form: FilmForm) -> None:
    """Copies the packets of all pieces, with times of the film's rate: the n-th frame is at n / rate."""
    import av

    delay = max(_find_delay(piece) for piece in pieces)
    with av.open(str(target), "w", format="mp4", options=_CONTAINER) as container:
        stream: Any = None
        at = 0
        for piece in pieces:
            with av.open(str(piece.path)) as source:
                video = video_stream(source)
                if stream is None:
                    stream = container.add_stream_from_template(video)
                    stream.time_base = 1 / form.rate
                _copy_piece(container, stream, (source, video), piece, (at, delay, 1 / form.rate))
            at += piece.frames


def _copy_piece(
    container: "OutputContainer",
    stream: Any,
    source: tuple[Any, "av.VideoStream"],
    piece: _Piece,
    times: tuple[int, int, Fraction],
) -> None:
    at, delay, time_base = times
    packets = [packet for packet in source[0].demux(source[1]) if packet.size][piece.begin : piece.begin + piece.frames]
    ranks = {time: rank for rank, time in enumerate(sorted(packet.pts for packet in packets))}
    for order, packet in enumerate(packets):
        rank = ranks[packet.pts]
        packet.stream, packet.time_base = stream, time_base
        packet.pts, packet.dts, packet.duration = at + rank, at + order - delay, 1
        container.mux_one(packet)


def _find_delay(piece: _Piece) -> int:
    """By how many frames a file's order runs ahead of what is shown."""
    import av

    with av.open(str(piece.path)) as container:
        packets = [packet.pts or 0 for packet in container.demux(video_stream(container)) if packet.size]
    own = packets[piece.begin : piece.begin + piece.frames]
    ranks = {time: rank for rank, time in enumerate(sorted(own))}
    return max(order - ranks[time] for order, time in enumerate(own))
