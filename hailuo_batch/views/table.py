"""One table for every view: columns of measured width that fit the terminal, or as wide as they are where none is."""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from itertools import chain
from typing import NamedTuple

from hailuo_batch.values import dataclass
from hailuo_batch.views.fit import measure_text, pad_text, shorten_middle, shorten_names, wrap_words


class Fit(Enum):
    """What becomes of a cell for which there is no room."""

    WHOLE = auto()  # numbers and marks: never changed
    MIDDLE = auto()  # names: shortened in the middle
    WRAP = auto()  # sentences: continued below
    TEXT = auto()  # sentences with paths and addresses: continued below, and no word is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How a column is drawn; it gets no narrower than `least`, and `gap` blanks follow it."""

    fit: Fit = Fit.WHOLE
    right: bool = False
    least: int = 12
    gap: int = 2


class Cell(NamedTuple):
    """Safe words on one line, and how they are coloured."""

    text: str
    paint: Callable[[str], str] = str


def draw_table(
    rows: Sequence[Sequence[Cell]], columns: Sequence[Column], *, width: int = 0, indent: int = 2
) -> Iterator[str]:
    """The lines of a table, `width` cells at most (0: any). The last cell of a short row has the rest of the line."""
    return chain.from_iterable(draw_rows(rows, columns, width=width, indent=indent))


def draw_rows(
    rows: Sequence[Sequence[Cell]], columns: Sequence[Column], *, width: int = 0, indent: int = 2
) -> Iterator[list[str]]:
    """The lines of each row of a table, for those that have more to say below a row."""
    widths = _natural_widths(rows, len(columns))
    names: list[dict[str, str]] = [{}] * len(columns)
    if width:
        _shrink(widths, columns, width - indent)
        _make_room_for_rest(rows, widths, columns, width - indent)
        names = [_short_names(rows, place, columns[place], wide) for place, wide in enumerate(widths)]
    for row in rows:
        shown = [cell._replace(text=short.get(cell.text, cell.text)) for cell, short in zip(row, names, strict=False)]
        yield [*_row_lines(shown, columns, widths, width, indent)]


def _short_names(rows: Sequence[Sequence[Cell]], place: int, column: Column, wide: int) -> dict[str, str]:
    """What stands for names that are too wide for their column."""
    if column.fit is not Fit.MIDDLE:
        return {}
    texts = (row[place].text for row in rows if len(row) > place)
    return shorten_names((text for text in texts if measure_text(text) > wide), wide) if wide else {}


def _natural_widths(rows: Sequence[Sequence[Cell]], number: int) -> list[int]:
    widths = [0] * number
    for row in rows:
        own = row if len(row) == number else row[:-1]
        for place, cell in enumerate(own):
            widths[place] = max(widths[place], measure_text(cell.text))
    return widths


def _shrink(widths: list[int], columns: Sequence[Column], room: int) -> None:
    """Takes from the widest column that may give, cell by cell."""
    gaps = [column.gap for column, wide in zip(columns, widths, strict=True) if wide]
    _take_cells(widths, columns, sum(widths) + sum(gaps[:-1]) - room)


def _make_room_for_rest(
    rows: Sequence[Sequence[Cell]], widths: list[int], columns: Sequence[Column], room: int
) -> None:
    """Leaves a fair part of the line to the last cell of short rows."""
    for number in {len(row) for row in rows if 1 < len(row) < len(columns)}:
        longest = max(measure_text(row[-1].text) for row in rows if len(row) == number)
        before = sum(wide + column.gap for wide, column in zip(widths[: number - 1], columns, strict=False) if wide)
        _take_cells(widths, columns[: number - 1], before + min(longest, room // 2) - room)


def _take_cells(widths: list[int], columns: Sequence[Column], over: int) -> None:
    for _ in range(over):
        able = [
            place
            for place, column in enumerate(columns)
            if column.fit is not Fit.WHOLE and widths[place] > column.least
        ]
        if not able:
            return
        widths[max(able, key=widths.__getitem__)] -= 1


def _row_lines(
    row: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], width: int, indent: int
) -> Iterator[str]:
    """A row: as many lines as its longest cell has."""
    parts, start = [], indent
    for place, (cell, column) in enumerate(zip(row, columns, strict=False)):
        is_rest = place == len(row) - 1 and len(row) < len(columns)
        wide = max(width - start, column.least) if is_rest and width else widths[place]
        if is_rest and not width:
            wide = measure_text(cell.text)
        if not wide:
            continue
        fit = Fit.WRAP if is_rest and column.fit is not Fit.TEXT else column.fit
        parts.append((_cell_lines(cell.text, fit, wide), cell, column, wide))
        start += wide + column.gap
    for number in range(max((len(lines) for lines, *_ in parts), default=0)):
        yield (" " * indent + _join_cells(parts, number)).rstrip()


def _cell_lines(text: str, fit: Fit, wide: int) -> list[str]:
    if measure_text(text) <= wide or fit is Fit.WHOLE:
        return [text]
    if fit is Fit.MIDDLE:
        return [shorten_middle(text, wide)]
    return wrap_words(text, wide, whole=fit is Fit.TEXT)


def _join_cells(parts: Sequence[tuple[list[str], Cell, Column, int]], number: int) -> str:
    """One line of a row; blanks at its end are left out, also behind colours."""
    texts = [lines[number] if number < len(lines) else "" for lines, *_ in parts]
    last = max((place for place, text in enumerate(texts) if text), default=0)
    line = ""
    for place, (text, (_, cell, column, wide)) in enumerate(zip(texts[: last + 1], parts, strict=False)):
        whole = pad_text(text, wide, right=column.right) if place < last or column.right else text
        line += whole.replace(text, cell.paint(text), 1) if text else whole
        line += " " * column.gap if place < last else ""
    return line
