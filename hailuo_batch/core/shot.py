"""A shot after expansion: every default resolved, every name filled in."""

from dataclasses import dataclass
from enum import StrEnum

from hailuo_batch.core.manifest import Duration, Frames
from hailuo_batch.core.problem import Path


class Mode(StrEnum):
    """Never written by the user: it follows from the frames."""

    TEXT = "text"
    FIRST = "first frame"
    FIRST_LAST = "first and last frame"
    LAST = "last frame only"  # sold by nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One clip asked for; `index` is its entry's place under `shots` in the manifest.

    `duration_at` and `resolution_at` are where the manifest says these, which may be under its defaults.
    """

    id: str
    index: int
    prompt: str
    frames: Frames
    duration: Duration
    resolution: str
    takes: int
    tags: tuple[str, ...]
    prompt_optimizer: bool
    fast_pretreatment: bool
    watermark: bool
    notes: str
    duration_at: Path = ()
    resolution_at: Path = ()

    @property
    def mode(self) -> Mode:
        """How the model is asked, by the frames that are given."""
        if self.frames.last is None:
            return Mode.TEXT if self.frames.first is None else Mode.FIRST
        return Mode.LAST if self.frames.first is None else Mode.FIRST_LAST
