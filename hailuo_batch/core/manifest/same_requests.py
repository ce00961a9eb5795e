"""Shots whose requests are the same: one clip is bought for all of them, which is seldom what two prompts were for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import NO_FRAMES, Frame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem

_MAX_GROUPS = 3  # shown one by one
_MAX_NAMES = 5


def find_same_requests(shots: Sequence[Shot], images: Mapping[Frame, object]) -> Iterator[Problem]:
    """A warning for each request that several shots have; of many, the first ones with their number."""
    if len({shot.prompt for shot in shots}) == len(shots):
        return
    times = Counter(shot.prompt for shot in shots)
    groups: dict[object, list[Shot]] = {}
    for shot in shots:
        if times[shot.prompt] > 1:
            groups.setdefault(request_key(shot, images), []).append(shot)
    found = [group for group in groups.values() if len(group) > 1 and not _is_meant(group)]
    for place, group in enumerate(found[:_MAX_GROUPS]):
        yield _make_problem(group, len(found) - _MAX_GROUPS if place == _MAX_GROUPS - 1 else 0)


def request_key(shot: Shot, images: Mapping[Frame, object]) -> object:
    """What is in a fingerprint besides model and take; images count by their bytes, and a shot's frame by its name."""
    ends = () if shot.frames is NO_FRAMES else (shot.frames.first, shot.frames.last)
    seen = tuple(images.get(end, end) if end is not None else None for end in ends)
    return shot.prompt, seen, shot.duration, shot.resolution, shot.switches


def _is_meant(group: Sequence[Shot]) -> bool:
    """Whether these are cells of one matrix that differ in tags or notes: several deliveries of one clip."""
    kinds = {(shot.tags, shot.notes) for shot in group}
    return len({shot.index for shot in group}) == 1 and len(kinds) == len(group)


def _make_problem(group: Sequence[Shot], others: int) -> Problem:
    names = [f'"{shot.id}"' for shot in group[:_MAX_NAMES]]
    more = f" and {len(group) - _MAX_NAMES:,} more" if len(group) > _MAX_NAMES else ""
    rest = f" {others:,} more clips are shared so." if others > 0 else ""
    second = group[1]
    return Problem(
        rule=rules.PROMPT_TWICE,
        why=f"{len(group):,} shots ask for one and the same clip: {', '.join(names)}{more}. It is bought once.{rest}",
        remedy="Change the prompts that are to differ; `takes` makes several clips of one prompt.",
        path=("shots", second.index, "prompt"),
        shot=second.id,
    )
