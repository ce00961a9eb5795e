"""Rows of a table as ids and cells by key: what makes up an id and a cut is put together here."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from decimal import Decimal
from typing import Any

from hailuo_batch.core.sheet.cells import decimal_text, parse_seconds
from hailuo_batch.core.sheet.columns import (
    CUT,
    CUT_IN,
    CUT_OUT,
    DURATION,
    FPS,
    FRAME_COUNT,
    FRAME_IN,
    FRAME_OUT,
    ID,
    NAME,
    SEQUENCE,
    Columns,
    FieldPath,
    shot_paths,
)
from hailuo_batch.core.sheet.sequence_names import SequenceNames
from hailuo_batch.core.sheet.table import CellError, Table, TableRow
from hailuo_batch.values import dataclass

MAX_FPS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A row with its shot's id and the texts of its columns. `cut` only counts where `has_cut`."""

    row: TableRow
    id: str
    texts: Mapping[FieldPath, str]
    has_cut: bool = False
    cut: Any = None  # as it is written in a manifest
    sequence: str = ""
    error: str = ""  # why the row cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetReading:
    """How the columns of one table are read."""

    columns: Columns
    fps: Decimal
    length_is_cut: bool  # a column `duration` with lengths that nobody sells
    notices: tuple[str, ...] = field(default=())


def settle_reading(table: Table, columns: Columns, *, fps: Decimal, sold: frozenset[str]) -> SheetReading:
    """What the values of the whole table say about its columns; `sold` are lengths that some model renders."""
    notices: list[str] = []
    rows = data_rows(table, columns)
    lengths = [text for row in rows if (text := columns.cell(row, DURATION).strip())]
    unsold = next((text for text in lengths if text.casefold() not in sold), "")
    length_is_cut = bool(unsold) and not {CUT, CUT_IN, CUT_OUT} & columns.named
    if length_is_cut:
        notices.append(f"The column duration is read as the cut: {unsold[:20]} s is sold by nobody.")
    elif columns.has(FRAME_COUNT) and any(not columns.cell(row, FPS).strip() for row in rows):
        notices.append(f"Frames are counted at {decimal_text(fps)} per second where the row says nothing else.")
    place = next((place for place, path in columns.paths.items() if path in {ID, NAME}), None)
    if any(place in row.numbers for row in rows):
        notices.append("Ids are numbers in this file: 010 would have become 10 in it. Format the column as text.")
    return SheetReading(columns=columns, fps=fps, length_is_cut=length_is_cut, notices=tuple(notices))


def data_rows(table: Table, columns: Columns) -> list[TableRow]:
    """The rows below the names of the columns."""
    return [row for row in table.rows if row.number > columns.header.number]


def read_rows(table: Table, reading: SheetReading, names: SequenceNames) -> Iterator[SheetRow]:
    """Every row with what it says; one that cannot be used says why."""
    columns = reading.columns
    paths = shot_paths(tuple(columns.paths.values()))
    for row in data_rows(table, columns):
        texts = {path: _clean_text(columns.cell(row, path)) for path in paths}
        sheet_row = SheetRow(row=row, id="", texts=texts)
        try:
            sequence = names.find(texts.get(SEQUENCE, ""))
            sheet_row = replace(sheet_row, sequence=sequence, id=_read_id(columns, row, sequence))
            has_cut, cut = _read_cut(reading, row)
            if reading.length_is_cut:
                texts.pop(DURATION, None)
            yield replace(sheet_row, has_cut=has_cut, cut=cut)
        except CellError as error:
            yield replace(sheet_row, error=str(error))


def _clean_text(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _read_id(columns: Columns, row: TableRow, sequence: str) -> str:
    own = (columns.cell(row, ID) or columns.cell(row, NAME)).strip()
    if not own:
        raise CellError("The row has no id.")
    return f"{sequence}_{own}" if sequence and columns.has(NAME) and not columns.has(ID) else own


def _read_cut(reading: SheetReading, row: TableRow) -> tuple[bool, Any]:
    """Whether the table has a cut, and the one of this row."""
    columns = reading.columns
    whole, start, end = (columns.cell(row, path).strip() for path in (CUT, CUT_IN, CUT_OUT))
    if reading.length_is_cut:
        whole = columns.cell(row, DURATION).strip()
    if whole or start or end:
        return True, _join_cut(whole, start, end)
    frames = _count_frames(columns, row)
    if frames:
        rate = columns.cell(row, FPS).strip()
        fps = _read_number(rate) if rate else reading.fps
        if not 0 < fps <= MAX_FPS:
            raise CellError(f"{rate} is not a number of frames per second.")
        return True, _rounded(frames / fps)
    made_of = {CUT, CUT_IN, CUT_OUT, FRAME_COUNT} | ({DURATION} if reading.length_is_cut else set())
    return any(columns.has(path) for path in made_of), None


def _join_cut(whole: str, start: str, end: str) -> Any:
    begin = parse_seconds(start) if start else Decimal(0)
    length = parse_seconds(whole) if whole else None
    if not end and length is None:
        raise CellError("It says where the cut begins, and not where it ends.")
    finish = parse_seconds(end) if end else begin + (length or 0)
    if length is not None and finish - begin != length:
        raise CellError(
            f"The cut is {whole} s long, but from {start or 0} to {end} are {decimal_text(finish - begin)} s."
        )
    return {"in": begin, "out": finish} if begin else finish


def _count_frames(columns: Columns, row: TableRow) -> Decimal:
    """How many frames the shot has; by its first and last frame where no number is there."""
    if count := columns.cell(row, FRAME_COUNT).strip():
        return _read_number(count)
    first, last = (columns.cell(row, path).strip() for path in (FRAME_IN, FRAME_OUT))
    if first and last and columns.has(FPS):
        return _read_number(last) - _read_number(first) + 1
    return Decimal(0)


def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except ArithmeticError:
        raise CellError(f'"{text[:40]}" is not a number.') from None


def _rounded(seconds: Decimal) -> Decimal:
    return Decimal(decimal_text(round(seconds, 3)))
