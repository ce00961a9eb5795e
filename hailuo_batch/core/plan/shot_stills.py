"""Which stills a reviewer sees of a change: the frames that are files, beside what they were, and the clips."""

from collections.abc import Iterator
from typing import NamedTuple

from hailuo_batch.core.manifest.document import FileFrame
from hailuo_batch.core.plan.shot_changes import Change, ComparedShot, ComparedShots, ShotChange
from hailuo_batch.values import dataclass

CLIP = "clip"
_ENDS = ("first", "last")
_OTHER_CLIP = frozenset({Change.ADDED, Change.CHANGED, Change.FOLLOWS, Change.REMOVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class StillPair:
    """Two stills by their addresses, an empty one is "not there"; `part` is `first`, `last` or `clip`."""

    part: str
    before: str = ""
    after: str = ""


class FramePair(NamedTuple):
    """A frame that changed, in both states."""

    part: str
    before: FileFrame | None
    after: FileFrame | None


def list_frame_pairs(change: ShotChange, before: ComparedShots, after: ComparedShots) -> Iterator[FramePair]:
    """The frames of a shot that are files and not what they were; of a new or removed shot, all."""
    past, now = before.get(change.was or change.shot), after.get(change.shot)
    names = {each.name for each in change.fields}
    for part in _ENDS:
        old, new = _find_file_frame(past, part), _find_file_frame(now, part)
        if (old or new) and (past is None or now is None or part in names):
            yield FramePair(part, old, new)


def has_other_clip(change: ShotChange) -> bool:
    """Whether the shot's clip is not what it was."""
    return change.change in _OTHER_CLIP


def _find_file_frame(state: ComparedShot | None, part: str) -> FileFrame | None:
    frame = None if state is None else getattr(state.shot.frames, part)
    return frame if isinstance(frame, FileFrame) else None
