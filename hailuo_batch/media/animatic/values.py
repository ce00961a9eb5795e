"""What one animatic shows, as values; how it is drawn stands in `draw.py`."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture to start or end on: the file at `path`, or with `frame` "first" or "last" that frame of the MP4."""

    path: Path
    frame: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Everything one animatic shows. Plain data: it is sent to worker processes."""

    campaign: str
    shot: str
    take: int
    prompt: str
    seconds: int
    resolution: str
    first: Still | None = None
    last: Still | None = None
    mark: str = ""
