"""A shot after expansion: every default resolved, every name filled in."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple

from hailuo_batch.core.manifest.document import NO_FRAMES, Cut, Duration, Frames, Meta, UrlFrame
from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.core.switches import DEFAULT_SWITCHES, SwitchValues
from hailuo_batch.values import dataclass


class Mode(StrEnum):
    """Never written by the user: it follows from the frames."""

    TEXT = "text"
    FIRST = "first frame"
    FIRST_LAST = "first and last frame"
    LAST = "last frame only"  # sold by nobody


class ShotNeeds(NamedTuple):
    """What decides who can render a shot; shots with the same wish have the same route.

    `has_local_frame`: a frame is on this machine (a file, or a frame of another shot) and has no address on the web;
    `has_hosted_frame`: a frame is known by its pinned address only. One that is not pinned was fetched, so it can be
    sent either way. `switches` are empty where all have their usual values.
    """

    mode: Mode
    resolution: str
    duration: Duration
    has_local_frame: bool
    has_hosted_frame: bool
    switches: SwitchValues = ()
    providers: tuple[str, ...] = ()  # the shot's own list; none: that of the manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One clip asked for; `index` is its entry's place under `shots` in the manifest.

    `places` has the path of each setting that is written, which may be under the defaults or a sequence.
    """

    id: str
    index: int
    prompt: str
    frames: Frames
    duration: Duration
    resolution: str
    takes: int
    tags: tuple[str, ...]
    switches: SwitchValues  # every one of the table
    notes: str
    sequence: str = ""
    providers: tuple[str, ...] = ()  # none: those of the manifest
    cut: Cut | None = None  # the length in the edit; nothing of it is bought
    meta: Meta = field(default=(), hash=False)  # the user's own columns
    places: Mapping[str, DocumentPath] = field(default_factory=dict, compare=False)

    def find_place(self, setting: str) -> DocumentPath:
        """Where the manifest says a setting of the shot; the shot itself when it is written nowhere."""
        return self.places.get(setting, ("shots", self.index))

    @property
    def follows_cut(self) -> bool:
        """Whether the cut says what is bought: no duration is written as near as the cut."""
        return self.cut is not None and _find_level(self.find_place("cut")) > _find_level(self.find_place("duration"))

    @property
    def mode(self) -> Mode:
        """The mode of the model, by the frames that are given."""
        if self.frames.last is None:
            return Mode.TEXT if self.frames.first is None else Mode.FIRST
        return Mode.LAST if self.frames.first is None else Mode.FIRST_LAST

    @property
    def needs(self) -> ShotNeeds:
        """What a provider must offer to render the shot."""
        switches = () if self.switches == DEFAULT_SWITCHES else self.switches
        if self.frames is NO_FRAMES:
            return ShotNeeds(Mode.TEXT, self.resolution, self.duration, False, False, switches, self.providers)  # noqa: FBT003
        ends = [end for end in (self.frames.first, self.frames.last) if end is not None]
        local = not all(isinstance(end, UrlFrame) for end in ends)
        hosted = any(isinstance(end, UrlFrame) and end.sha256 is not None for end in ends)
        return ShotNeeds(self.mode, self.resolution, self.duration, local, hosted, switches, self.providers)


def _find_level(place: DocumentPath) -> tuple[int, int]:
    """How near to the shot a value is written: nowhere or in defaults, at its entry, in an override of its cell."""
    match place:
        case ("shots", _, "overrides", int(number), *_):
            return 2, number
        case ("shots", _, _, *_):
            return 1, 0
    return 0, 0
