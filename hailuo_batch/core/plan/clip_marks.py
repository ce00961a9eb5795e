"""Clip, measures and request → marks: what of a clip a person should check. It is kept all the same, and is paid for.

The limits miss rather than mark what is right: `docs/marks.md` has what was measured of good and bad clips.
"""

from collections.abc import Iterable, Iterator

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves
from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.lengths import drawn_seconds, has_part_second, seconds_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.marks import Mark, MarkKind
from hailuo_batch.core.measures import ClipMeasures, FrameMatch
from hailuo_batch.core.models import Model
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.phrases import duration_text, join_or
from hailuo_batch.core.request.frame_size import SHORT_SIDES
from hailuo_batch.core.request.request import ImageRef, Request

_SECONDS = 0.5  # a clip may be so much longer or shorter: frames do not add up to whole seconds
_CUT_SECONDS = 0.05  # a cut may end so much after the clip: a frame, and rounding
_SIDE = 0.9  # of the short side
_SHAPE = 1.25  # how much wider or narrower than its first frame a clip may be
BLACK_LIMIT = 0.5  # of the frames; a clip that fades in from black has a few
FROZEN_LIMIT = 0.65  # of the length, in one piece
MOTION_LIMIT = 0.1  # of the parts with detail; what moves before a camera that rests is often more
LIKENESS_LIMITS = {MarkKind.FIRST_FRAME: 0.5, MarkKind.LAST_FRAME: 0.35}  # a model reaches a last frame less exactly


def list_step_marks(
    step: Step, shot: Shot, clip: Clip, model: Model, measures: ClipMeasures | None, *, provider: str
) -> tuple[Mark, ...]:
    """The marks of a step's clip that a provider made, as one of the step's shots requests it."""
    ways = (step.route, *step.route.fallbacks)
    sold = next((way.seconds for way in ways if way.provider == provider and way.seconds), None)
    return list_marks(shot, clip, model, request=step.request, measures=measures, sold=sold)


def list_clip_remarks(clip: Clip, marks: Iterable[Mark]) -> Iterator[str]:
    """What a run says of a clip that was just stored."""
    if clip.trailing:
        plural = "s" * (clip.trailing != 1)
        yield f"{clip.trailing:,} byte{plural} behind the end of its MP4 are no part of it; it plays"
    yield from (mark.why for mark in marks)


def list_marks(
    shot: Shot,
    clip: Clip,
    model: Model,
    *,
    request: Request | None = None,
    measures: ClipMeasures | None = None,
    sold: float | None = None,
) -> tuple[Mark, ...]:
    """What of a clip a person should check; `sold` are the seconds that its provider sells as the shot's duration."""
    size = (clip.width, clip.height)
    found = [*_length_marks(shot, clip, model, sold), *_size_marks(shot, size, request, measures)]
    if measures is not None:
        found += _content_marks(shot, request, measures)
    order = list(MarkKind)
    return tuple(sorted(found, key=lambda mark: order.index(mark.kind)))


def _length_marks(shot: Shot, clip: Clip, model: Model, sold: float | None) -> Iterator[Mark]:
    expected = _list_seconds(shot.duration, model, sold)
    if all(abs(clip.seconds - seconds) >= _SECONDS for seconds in expected):
        words = duration_text(shot.duration)
        wanted = f"{words} ({join_or(map(seconds_text, expected))} s)" if words == shot.duration else words
        why = f"requested {wanted}, got {clip.seconds:.2f} s"
        yield Mark(kind=MarkKind.WRONG_LENGTH, measure=clip.seconds, limit=expected[0], unit="s", why=why)
    elif shot.cut is not None and clip.seconds < float(shot.cut.end) - _CUT_SECONDS:
        why = f"its cut ends at {seconds_text(shot.cut.end)} s, got {clip.seconds:.2f} s"
        yield Mark(kind=MarkKind.WRONG_LENGTH, measure=clip.seconds, limit=float(shot.cut.end), unit="s", why=why)


def _list_seconds(duration: Duration, model: Model, sold: float | None) -> tuple[float, ...]:
    """The lengths that are as requested: what is sold may be the next longer one of the same row.

    Two gateways sell the model's 6 s as 5, so 6 s are right for 5; where `short` was bought as 6 s, 5 s are not.
    """
    if has_part_second(duration):
        return (drawn_seconds(duration, model.lengths),)
    if isinstance(duration, str):
        row = model.list_seconds(duration)
        return tuple(seconds for seconds in row if sold is None or seconds >= sold) or row
    row = next((row for row in model.lengths.values() if duration in row), (duration,))
    return tuple(seconds for seconds in row if seconds >= duration)


def _size_marks(
    shot: Shot, size: tuple[int, int], request: Request | None, measures: ClipMeasures | None
) -> Iterator[Mark]:
    """A clip that is smaller than requested, or has another shape than the image that it begins with."""
    least = SHORT_SIDES[shot.resolution]
    width, height = size
    if min(size) < _SIDE * least:
        why = f"requested {shot.resolution}, got {width} × {height}"
        yield Mark(kind=MarkKind.WRONG_SIZE, measure=min(size), limit=least, unit="px", why=why)
        return
    match = _find_match(measures, "first", request.first) if request is not None else None
    if match is None or not match.shape:
        return
    shape = width / height
    if max(shape, match.shape) > _SHAPE * min(shape, match.shape):
        why = f"got {width} × {height}, {'wider' if shape > match.shape else 'narrower'} than its first frame"
        measure, limit = round(shape, 3), round(match.shape, 3)
        yield Mark(kind=MarkKind.WRONG_SIZE, measure=measure, limit=limit, unit="shape", why=why)


def _content_marks(shot: Shot, request: Request | None, measures: ClipMeasures) -> Iterator[Mark]:
    """What is seen in a clip; of one that is black or frozen, nothing more."""
    if measures.failure:
        why = f"not measured: {measures.failure}"
        yield Mark(kind=MarkKind.NOT_MEASURED, measure=0.0, limit=0.0, unit="", why=why)
        return
    if measures.black >= BLACK_LIMIT:
        why = f"black: nothing is seen in {_percent(measures.black)} of its frames"
        yield Mark(kind=MarkKind.BLACK, measure=measures.black, limit=BLACK_LIMIT, unit="share", why=why)
        return
    if request is not None:
        yield from _likeness_marks(MarkKind.FIRST_FRAME, _find_match(measures, "first", request.first))
        yield from _likeness_marks(MarkKind.LAST_FRAME, _find_match(measures, "last", request.last))
    if measures.still >= FROZEN_LIMIT:
        why = f"frozen: nothing changes for {_percent(measures.still)} of its length"
        yield Mark(kind=MarkKind.FROZEN, measure=measures.still, limit=FROZEN_LIMIT, unit="share", why=why)
    elif measures.moved < MOTION_LIMIT and (moves := _list_moves(shot.prompt)):
        why = f"no motion: {_percent(measures.moved)} of it moves, and [{moves[0]}] is requested"
        yield Mark(kind=MarkKind.NO_MOTION, measure=measures.moved, limit=MOTION_LIMIT, unit="share", why=why)


def _likeness_marks(kind: MarkKind, match: FrameMatch | None) -> Iterator[Mark]:
    limit = LIKENESS_LIMITS[kind]
    if match is None or match.ssim is None or match.ssim >= limit:
        return
    why = f"{match.role} frame unlike the given image: {match.ssim:.2f} of 1"
    yield Mark(kind=kind, measure=match.ssim, limit=limit, unit="ssim", why=why)


def _find_match(measures: ClipMeasures | None, role: str, image: ImageRef | None) -> FrameMatch | None:
    """How a frame of the clip compares with this image; None where it was not compared with it."""
    if measures is None or image is None:
        return None
    wanted = (role, image.digest, "" if image.frame is None else str(image.frame))
    return next((each for each in measures.matches if (each.role, each.digest, each.frame) == wanted), None)


def _list_moves(prompt: str) -> list[CameraCommand]:
    return [move for group in camera_moves(prompt) for move in group if move is not CameraCommand.STATIC_SHOT]


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
