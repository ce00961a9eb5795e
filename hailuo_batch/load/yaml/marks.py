"""Where something stands in a text: as libyaml counts it, and as a person does.

Nothing here knows YAML: a spot comes from a reader's mark or from an index in the text.
"""

import re
from typing import Any, NamedTuple

from hailuo_batch.core.problem import Place

_BREAK = re.compile(r"[\r\n]")


class Spot(NamedTuple):
    """A place as libyaml counts it: all from 0, `offset` in characters from the start of the text."""

    line: int
    column: int
    offset: int

    def with_column(self, column: int) -> "Spot":
        """Another column of the same line."""
        return Spot(self.line, column, self.offset + column - self.column)


TOP_OF_FILE = Spot(0, 0, 0)


def event_start(event: Any) -> Spot:
    """Where an event begins."""
    return mark_to_spot(event.start_mark)


def mark_to_spot(mark: Any) -> Spot:
    """The spot of a reader's mark."""
    return Spot(mark.line, mark.column, mark.index)


def index_to_spot(text: str, index: int) -> Spot:
    """The spot of a character; lines end where editors end them: at \\n, \\r and \\r\\n."""
    before = text[:index]
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    return Spot(line, index - 1 - max(before.rfind("\n"), before.rfind("\r")), index)


def line_text(text: str, spot: Spot) -> str:
    """The whole line a spot is in."""
    end = _BREAK.search(text, spot.offset)
    return text[spot.offset - spot.column : end.start() if end else None]


def make_place(spot: Spot, text: str, name: str) -> Place:
    """The same for people: counted from 1, with the file's name and the line itself."""
    return Place(file=name, line=spot.line + 1, column=spot.column + 1, text=line_text(text, spot))
