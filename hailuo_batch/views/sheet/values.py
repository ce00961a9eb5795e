"""What a sheet shows, as values: plain words, amounts and addresses, ready to be drawn.

The template escapes all of it. The sheet and the review page draw the same values with the same markup.
"""

from collections.abc import Sequence
from dataclasses import field
from enum import StrEnum

from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.values import dataclass


class Tone(StrEnum):
    """The colour of a state; a state always has words too."""

    QUIET = "quiet"  # nothing has happened yet
    BUSY = "busy"  # under way
    OPEN = "open"  # a person is to judge it
    GOOD = "good"
    BAD = "bad"
    CARE = "care"  # a person has to see to it


class Shape(StrEnum):
    """The shape of a clip; a wide one takes two columns of the grid."""

    WIDE = "wide"
    SQUARE = "square"
    TALL = "tall"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state in words, with its colour; `key` is the same in every language and in `data-state`."""

    key: str
    words: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPart:
    """Words of a prompt, and the camera commands behind them."""

    words: str
    commands: tuple[CameraCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetNote:
    """What somebody wrote in the review."""

    by: str
    day: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTake:
    """One take: its poster and clip, or why there is none. An address is "" where the page has no such file."""

    label: str  # open#2
    take: int
    version: str
    shape: Shape
    width: int = 16
    height: int = 9
    clip: str = ""
    poster: str = ""
    middle: str = ""
    last: str = ""
    state: State | None = None  # None: its clip is there, and nobody judged it
    is_selected: bool = False
    missing: str = ""  # why there is no clip
    digest: str = ""
    file: str = ""
    facts: tuple[str, ...] = ()  # length, size
    provider: str = ""
    task: str = ""
    price: str = ""  # the actual cost, or the estimate, and which of both it is
    verdict_why: str = ""
    marks: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[SheetNote, ...] = ()
    shared: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetInput:
    """An image that a shot starts from or ends on; without a role, that it has none."""

    role: str = ""  # first or last
    name: str = ""
    image: str = ""
    missing: str = ""  # why there is no image
    width: int = 16
    height: int = 9
    shape: Shape = Shape.WIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetShot:
    """One shot with its takes side by side. `columns` of the page's grid are what it takes."""

    id: str
    number: int  # its place in the edit, from 1
    state: State
    length: str
    prompt: tuple[PromptPart, ...]
    takes: tuple[SheetTake, ...]
    sequence: str = ""
    tags: tuple[str, ...] = ()
    notes: str = ""
    columns: tuple[tuple[str, str], ...] = ()  # rights, the cut, and the user's own
    review_notes: tuple[SheetNote, ...] = ()
    inputs: tuple[SheetInput, ...] = ()
    unmade: str = ""  # takes that are not shown, since nothing is there but the images that they start from
    providers: tuple[str, ...] = ()
    cost: str = ""  # a number to sort by
    marks: int = 0
    needs_care: bool = False
    is_row: bool = False  # it has a row of the page for itself, with its words beside its takes
    is_long: bool = False  # its prompt is cut to a few lines until a click

    @property
    def span(self) -> int:
        """How many columns of the page's grid its takes have, from two to ten."""
        return min(max(2, sum(1 if shape is Shape.TALL else 2 for shape in self._shapes)), 10)

    @property
    def is_beside(self) -> bool:
        """Whether its words are beside its one narrow poster."""
        return self._shapes == [Shape.TALL]

    @property
    def cells(self) -> int:
        """How many images and takes are side by side."""
        return len(self._shapes)

    @property
    def _shapes(self) -> list[Shape]:
        return [*(given.shape for given in self.inputs), *(take.shape for take in self.takes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSection:
    """The shots of a sequence, or those of none."""

    id: str
    title: str
    notes: str = ""
    figures: str = ""
    shots: tuple[SheetShot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of the cover, with what it counts."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many shots are in a state; `x` and `width` are its part of a bar of 1,000 units."""

    state: State
    shots: int
    x: float = 0
    width: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole page."""

    campaign: str
    kind: str  # Contact sheet, Rehearsal …
    world_note: str = ""  # what the clips are, where they are not paid takes
    facts: tuple[tuple[str, str], ...] = ()  # client, date, the user's own columns
    figures: tuple[Figure, ...] = ()
    states: tuple[StateCount, ...] = ()
    sections: tuple[SheetSection, ...] = ()
    todo: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    commands: Sequence[CameraCommand] = field(default_factory=tuple)  # whose icons the page needs
    footer: str = ""

    @property
    def shots(self) -> int:
        """How many shots it shows."""
        return sum(len(section.shots) for section in self.sections)
