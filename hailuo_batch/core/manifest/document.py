"""A manifest as values: what the user wrote, before anything is merged or unrolled.

`None` in an entry means "not written": the default of the manifest, then of the schema, stands in. Nothing here
knows YAML, files or lines.
"""

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from math import prod
from typing import NamedTuple

from hailuo_batch.core.switches import SwitchValues
from hailuo_batch.values import dataclass

Duration = int | str  # seconds, or the portable "short" (5 or 6 s) and "long" (10 s)
Scalar = str | int | float | bool

SHORT_DURATION, LONG_DURATION = "short", "long"


class FrameRole(StrEnum):
    """Which frame of a clip is meant."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who owns an image, and the last day on which it may be used (`2027-12-31`); empty where nothing is written."""

    owner: str = ""
    licence: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFrame:
    """A picture in the project; the path begins at the folder of the file that writes it.

    `folder` is that folder, by its path from the manifest's; it is empty where they are one.
    """

    path: str
    folder: str = ""
    rights: Rights | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlFrame:
    """A picture on the web; `sha256` (64 hex digits) pins its bytes."""

    url: str
    sha256: str | None = None
    rights: Rights | None = field(default=None, compare=False)


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
    """Words around a prompt; those of a variant stand between the prompt and the style's own."""

    prefix: str = ""
    suffix: str = ""
    variants: Mapping[str, "Style"] = field(default_factory=dict, hash=False)


class EnvVariable(NamedTuple):
    """A variable whose value comes from the environment; without a `default` it must be set there."""

    env: str
    default: Scalar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where the edit starts and ends in a clip, in seconds."""

    start: Decimal = Decimal(0)
    end: Decimal

    @property
    def seconds(self) -> Decimal:
        """How long the shot is in the edit."""
        return self.end - self.start


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
    providers: tuple[str, ...] = ()  # none: those of the manifest
    tags: tuple[str, ...] = ()  # of defaults, sequences and overrides: added to those of the shot
    notes: str | None = None  # of defaults and overrides


NO_SETTINGS = Settings()


Meta = tuple[tuple[str, object], ...]  # columns of the user's own: names, and any plain values
Cell = Mapping[str, str]  # names of a matrix, and the word that each has


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One part of the film, at `index` (from 0) under `sequences`, which is its place in the edit."""

    index: int
    id: str
    title: str = ""
    defaults: Settings = NO_SETTINGS
    settings: Settings = NO_SETTINGS  # its own style and tags, which count before those of its defaults
    notes: str = ""  # about the sequence; those of its defaults are of its shots
    meta: Meta = field(default=(), hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What some cells of a matrix have instead of the shot's own; None is "not written"."""

    where: Cell
    settings: Settings = NO_SETTINGS
    prompt: str | None = None
    frames: Frames | None = None
    cut: Cut | None = None
    meta: Meta = field(default=(), hash=False)


_NO_MATRIX: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotEntry:
    """One entry under `shots`, at `index` (from 0); with a matrix it stands for several shots.

    `matrix[name]` has each word with its phrase, which is the word itself where none is written. `include` are cells
    beside them, each with a word and a phrase for every name.
    """

    index: int
    id: str
    prompt: str
    frames: Frames
    settings: Settings
    tags: tuple[str, ...] = ()
    matrix: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NO_MATRIX)
    exclude: tuple[Cell, ...] = ()
    include: tuple[Mapping[str, tuple[str, str]], ...] = ()
    overrides: tuple[Override, ...] = ()
    notes: str | None = None
    cut: Cut | None = None
    sequence: str = ""
    meta: Meta = field(default=(), hash=False)

    def count_cells(self) -> int:
        """How many shots it makes at most."""
        return prod(len(values) for values in self.matrix.values()) + len(self.include) if self.matrix else 1

    @property
    def has_one_cell(self) -> bool:
        """Whether it has no matrix, and says nothing about cells."""
        return not (self.matrix or self.exclude or self.include or self.overrides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One shot list."""

    campaign: str
    model: str
    providers: tuple[str, ...]
    budget: Budget | None
    variables: dict[str, Scalar | EnvVariable]
    styles: dict[str, Style]
    defaults: Settings
    shots: tuple[ShotEntry, ...]
    sequences: tuple[Sequence, ...] = ()
    meta: Meta = field(default=(), hash=False)

    @property
    def env_names(self) -> tuple[str, ...]:
        """The names in the environment on which its shots depend."""
        return tuple(each.env for each in self.variables.values() if isinstance(each, EnvVariable))
