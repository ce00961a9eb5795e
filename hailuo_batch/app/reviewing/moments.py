"""Moments of a page: what it showed, and which shots have changed since. Pages that follow get only what is new.

A moment is named by the server's start and a number, so a page of an earlier server is not taken for one of this.
"""

from collections.abc import Sequence
from dataclasses import field

from hailuo_batch.values import dataclass
from hailuo_batch.views.review_page.values import WorkNow
from hailuo_batch.views.sheet.values import Figure, SheetShot, StateCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All that a page shows."""

    shots: tuple[SheetShot, ...] = ()
    figures: tuple[Figure, ...] = ()
    states: tuple[StateCount, ...] = ()
    now: WorkNow = field(default_factory=WorkNow)

    @property
    def status(self) -> tuple[object, ...]:
        """What the head of the page is drawn from."""
        return self.figures, self.states, self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a page has to draw again; everything where it is of another server."""

    is_all: bool = False
    has_status: bool = False
    has_order: bool = False  # shots came, went or moved
    shots: tuple[SheetShot, ...] = ()


class Moments:
    """The moment that is shown, and when each part of it last changed."""

    def __init__(self, start: str) -> None:
        self._start, self._number = start, 0
        self._shots: dict[str, int] = {}
        self._order = self._status = 0
        self.shown = Shown()

    @property
    def name(self) -> str:
        """The name of this moment."""
        return f"{self._start}.{self._number}"

    def move_on(self, shown: Shown) -> bool:
        """Shows this from now on; whether anything of it is new."""
        before = self.shown
        old = {shot.id: shot for shot in before.shots}
        changed = [shot.id for shot in shown.shots if old.get(shot.id) != shot]
        has_order = list(old) != [shot.id for shot in shown.shots]
        has_status = before.status != shown.status
        self.shown = shown
        if not (changed or has_order or has_status):
            return False
        self._number += 1
        self._shots.update(dict.fromkeys(changed, self._number))
        self._order = self._number if has_order else self._order
        self._status = self._number if has_status else self._status
        return True

    def list_changes(self, since: str) -> Changed:
        """What changed after a moment of that name."""
        start, _, number = since.rpartition(".")
        if start != self._start or not number.isascii() or not number.isdecimal():
            return Changed(is_all=True)
        at = int(number)
        shots = tuple(shot for shot in self.shown.shots if self._shots.get(shot.id, 0) > at)
        return Changed(has_status=self._status > at, has_order=self._order > at, shots=shots)


def find_shot(shots: Sequence[SheetShot], name: str) -> SheetShot | None:
    """The shot of that name."""
    return next((shot for shot in shots if shot.id == name), None)
