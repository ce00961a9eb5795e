"""How a clip differs from what its shot requests in length or size. It is kept all the same, since it is paid for."""

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.lengths import drawn_seconds, has_part_second
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.providers.phrases import duration_text, join_or
from hailuo_batch.core.request.frame_size import SHORT_SIDES

_SECONDS = 0.5  # a clip may be so much longer or shorter: frames do not add up to whole seconds
_SIDE = 0.9  # of the short side


def describe_differences(shot: Shot, clip: Clip, model: Model) -> tuple[str, ...]:
    """What a person should know of a clip; nothing of the 6 s that a gateway sells as 5."""
    remarks = []
    expected = _list_seconds(shot.duration, model)
    if all(abs(clip.seconds - seconds) >= _SECONDS for seconds in expected):
        words = duration_text(shot.duration)
        wanted = f"{words} ({_seconds(expected)})" if words == shot.duration else words
        remarks.append(f"requested {wanted}, got {clip.seconds:.2f} s")
    if min(clip.width, clip.height) < _SIDE * SHORT_SIDES[shot.resolution]:
        remarks.append(f"requested {shot.resolution}, got {clip.width} × {clip.height}")
    return tuple(remarks)


def _list_seconds(duration: Duration, model: Model) -> tuple[float, ...]:
    """The lengths that are as requested: by the model's table, a number may be sold for the next longer one."""
    if has_part_second(duration):
        return (drawn_seconds(duration, model.lengths),)
    if isinstance(duration, str):
        return model.list_seconds(duration)
    row = next((row for row in model.lengths.values() if duration in row), (duration,))
    return tuple(seconds for seconds in row if seconds >= duration)


def _seconds(expected: tuple[float, ...]) -> str:
    return f"{join_or(map(str, expected))} s"
