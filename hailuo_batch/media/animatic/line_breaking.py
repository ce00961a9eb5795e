"""Lines broken from pieces of known width. Pure arithmetic: nothing here knows a font."""

from collections.abc import Sequence
from dataclasses import dataclass

UNIT = 64  # the size of type, in pixels, at which pieces are measured; other sizes are in proportion
_SPACE = 0.28  # an em's part that a word space takes, a little more than Inter's so that a line never runs over


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a line never breaks inside, its width at the unit size, and whether a space stands before it."""

    text: str
    width: float
    space_before: bool


def break_lines(pieces: Sequence[Piece], limit: float) -> list[str]:
    """The lines, each as full as it gets within the limit."""
    lines: list[str] = []
    line, used = "", 0.0
    for piece in pieces:
        gap = UNIT * _SPACE if piece.space_before and line else 0.0
        if line and used + gap + piece.width > limit:
            lines.append(line)
            line, used, gap = "", 0.0, 0.0
        line += (" " if gap else "") + piece.text
        used += gap + piece.width
    return [*lines, line] if line else lines


def narrowest_limit(pieces: Sequence[Piece], limit: float, lines: int) -> float:
    """The smallest limit that still gives so few lines: the lines then come out about equally long."""
    low, high = max((piece.width for piece in pieces), default=0.0), limit
    while high - low > UNIT / 8:
        middle = (low + high) / 2
        if len(break_lines(pieces, middle)) <= lines:
            high = middle
        else:
            low = middle
    return high
