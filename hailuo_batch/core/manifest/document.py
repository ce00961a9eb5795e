"""A manifest as values: what the user wrote, before anything is merged or unrolled.

`None` in an entry means "not written": the default of the manifest, then of the schema, stands in. Nothing here
knows YAML, files or lines.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from hailuo_batch.core.switches import SwitchValues

Duration = int | str  # seconds, or the portable "short" (5 or 6 s) and "long" (10 s)
Scalar = str | int | float | bool

SHORT_DURATION, LONG_DURATION = "short", "long"


class FrameRole(StrEnum):
    """Which frame of a clip is meant."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFrame:
    """A picture in the project; the path is relative to the manifest's folder."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlFrame:
    """A picture on the web; `sha256` (64 hex digits) pins its bytes."""

    url: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFrame:
    """A frame of another shot's selected take."""

    shot: str
    frame: FrameRole


Frame = FileFrame | UrlFrame | ShotFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """What a shot starts and ends on; no frame at all is text-to-video."""

    first: Frame | None = None
    last: Frame | None = None


NO_FRAMES = Frames()


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Words around a prompt."""

    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that this manifest may cost: spent, reserved and in doubt together."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be said once for all shots, or for one of them."""

    duration: Duration | None = None
    resolution: str | None = None
    takes: int | None = None
    style: str | None = None
    switches: SwitchValues = ()  # those that are written


NO_SETTINGS = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotEntry:
    """One entry under `shots`, at `index` (from 0); with a matrix it stands for several shots."""

    index: int
    id: str
    prompt: str
    frames: Frames
    settings: Settings
    tags: tuple[str, ...] = ()
    matrix: dict[str, tuple[Scalar, ...]] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One shot list."""

    campaign: str
    model: str
    providers: tuple[str, ...]
    budget: Budget | None
    variables: dict[str, Scalar]
    styles: dict[str, Style]
    defaults: Settings
    shots: tuple[ShotEntry, ...]
