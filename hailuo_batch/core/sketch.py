"""What one sketch shows, as plain data; `media/animatic/draw.py` draws it."""

from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """An image to start or end on: the file at `path`, or with `frame` "first" or "last" that frame of the MP4."""

    path: str
    frame: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Everything one sketch shows. Drawing needs nothing else, on any machine."""

    campaign: str
    shot: str
    take: int
    prompt: str
    seconds: float
    resolution: str
    first: Still | None = None
    last: Still | None = None
    mark: str = ""
    rehearsal: bool = False  # it stands for a clip that a rehearsal bought, and says so
