"""Breaks pieces of known width into lines. Pure arithmetic, independent of fonts."""

from collections.abc import Sequence

from hailuo_batch.values import dataclass

UNIT = 64  # the size of type, in pixels, at which pieces are measured; other sizes are in proportion
_SPACE = 0.28  # the width of a space in ems, a little more than Inter's, so that no line is too wide


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece that is never broken, its width at the unit size, and whether a space comes before it."""

    text: str
    width: float
    space_before: bool


def break_lines(pieces: Sequence[Piece], limit: float) -> list[str]:
    """The lines, each as long as the limit allows."""
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
    """The smallest limit that gives no more lines: they are then about equally long."""
    low, high = max((piece.width for piece in pieces), default=0.0), limit
    while high - low > UNIT / 8:
        middle = (low + high) / 2
        if len(break_lines(pieces, middle)) <= lines:
            high = middle
        else:
            low = middle
    return high
