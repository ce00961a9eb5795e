"""What was measured of a clip, as values and as JSON: brightness, change, and how like its ends are to given images.

A measure says what was seen, and not whether that is good. `core/plan/clip_marks.py` compares it with the request.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hailuo_batch.values import dataclass

VERSION = 1  # of how it is measured: what an earlier version measured is measured again
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenImage:
    """An image that a request gives: the file at `path`, or with `frame` "first" or "last" that frame of the clip.

    `role` is which end of the clip it is for. `digest` is that of the file, by which the request names it.
    """

    role: str
    digest: str
    path: str
    frame: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMatch:
    """How like the clip's first or last frame is to the image that was given for it.

    `ssim` is 1 for the same picture; None where it could not be compared. `shape` is the image's width by its height.
    """

    role: str
    digest: str
    frame: str = ""
    ssim: float | None = None
    shape: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipMeasures:
    """What was seen in up to 16 frames of a clip, spread evenly from the first to the last.

    `failure` says why nothing was measured; then the other values mean nothing.
    """

    frames: int = 0  # how many were measured
    brightness: float = 0.0  # the mean, in levels from 0 to 255
    black: float = 0.0  # the share of frames in which nothing can be seen
    still: float = 0.0  # the share of neighbouring frames between which no part of the picture changes
    moved: float = 1.0  # of the parts with detail in the first frame, the largest share that differs in a later one
    matches: tuple[FrameMatch, ...] = ()
    failure: str = ""


def measures_dict(measures: ClipMeasures) -> dict[str, object]:
    """The measures as plain data."""
    return {"version": VERSION, **_round(asdict(measures))}


def parse_measures(data: Mapping[str, Any]) -> ClipMeasures:
    """The measures from plain data; a ValueError for those of another version, and for what is none."""
    try:
        members = dict(data)
        if members.pop("version") != VERSION:
            raise ValueError("measured by another version")
        matches = tuple(FrameMatch(**each) for each in members.pop("matches"))
        found = ClipMeasures(**members, matches=matches)
        numbers = [found.brightness, found.black, found.still, found.moved]
        numbers += [number for each in matches for number in (each.ssim or 0.0, each.shape)]
        if not all(isinstance(each, float | int) for each in numbers):
            raise ValueError("a measure is no number")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("these are no measures of a clip") from error
    return found


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _round(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_round(each) for each in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
