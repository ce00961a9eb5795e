"""CSV and TSV as tables of texts, and back. Texts come out as they went in, line ends and blanks too.

Bytes are UTF-8, or UTF-16 with its mark. Any other encoding has to be named: a guess would change letters silently.
"""

import codecs
import csv
from collections.abc import Iterator
from io import StringIO

from hailuo_batch.core.sheet.cells import guard_cell, unguard_cell
from hailuo_batch.core.sheet.columns import find_columns
from hailuo_batch.core.sheet.table import MAX_CELL, MAX_COLUMNS, MAX_ROWS, OutputTable, Table, TableRow
from hailuo_batch.errors import InputError

_DELIMITERS = ",;\t|"
_SAMPLE = 200_000  # characters in which the delimiter is searched for
_ENCODING_REMEDY = "Save it as UTF-8, or name its encoding, such as --encoding cp1252."


def read_csv_table(data: bytes, *, name: str, encoding: str | None) -> Table:
    """The rows of a CSV or TSV file, whichever of `, ; tab |` is between its cells."""
    text = _decode(data, name, encoding)
    text, delimiter = _find_delimiter(text)
    return Table(rows=tuple(_read_rows(text, delimiter, name)))


def write_csv_table(table: OutputTable, *, delimiter: str) -> bytes:
    """The table with all cells in quotes; the mark in front makes Excel read it as UTF-8."""
    file = StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    for row in (table.header, *table.rows):
        writer.writerow([guard_cell(cell) for cell in row])
    return codecs.BOM_UTF8 + file.getvalue().encode()


def _decode(data: bytes, name: str, encoding: str | None) -> str:
    chosen = encoding or ("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    try:
        text = str(data, "utf-8-sig" if codecs.lookup(chosen).name == "utf-8" else chosen)  # no text: LookupError
    except LookupError:
        remedy = "Name one that Python knows, such as utf-8, cp1252 or shift_jis."
        raise InputError(f'there is no encoding "{chosen}"', remedy=remedy) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        kind = encoding or ("UTF-16" if chosen == "utf-16" else "UTF-8")
        raise InputError(f"{name}, line {line}: not readable as {kind}", remedy=_ENCODING_REMEDY) from None
    except UnicodeError as error:
        raise InputError(f"{name} is not readable as {chosen}", why=f"{error}.", remedy=_ENCODING_REMEDY) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        why = "It has a null character, as UTF-16 without a mark and files that are no tables have."
        raise InputError(f"{name}, line {line}: not readable as text", why=why, remedy=_ENCODING_REMEDY)
    return text.removeprefix("\ufeff")


def _find_delimiter(text: str) -> tuple[str, str]:
    """The text below a first line like `sep=;`, and what is between its cells: what names most columns."""
    first, _, rest = text.partition("\n")
    mark = first.strip().strip('"')
    if mark.casefold().startswith("sep=") and mark[4:] in set(_DELIMITERS):
        return rest, mark[4:]
    sample = text[:_SAMPLE]
    return text, max(_DELIMITERS, key=lambda delimiter: _count_columns(sample, delimiter))


def _count_columns(sample: str, delimiter: str) -> tuple[int, int]:
    """How many columns have a known name, and how many cells the widest of the first rows has."""
    rows = []
    try:
        for number, cells in enumerate(csv.reader(StringIO(sample, newline=""), delimiter=delimiter), start=1):
            rows.append(TableRow(number=number, cells=tuple(cells)))
            if number >= 50:
                break
    except csv.Error:
        return 0, 0
    columns = find_columns(Table(rows=tuple(rows)), {})
    return len(columns.named) if columns else 0, max((len(row.cells) for row in rows), default=0)


def _read_rows(text: str, delimiter: str, name: str) -> Iterator[TableRow]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = 1
    try:
        for number, cells in enumerate(reader, start=1):
            check_row(name, number, cells)
            if any(cell.strip() for cell in cells):
                yield TableRow(number=number, cells=tuple(map(unguard_cell, cells)))
            before = reader.line_num + 1
    except csv.Error as error:
        if "field larger" in str(error):
            raise _cell_error(name, f"line {before}") from None
        why = "A quote in the cells of this row is not closed, or is not doubled."
        raise InputError(
            f"{name}, line {before}: not a row", why=why, remedy='Inside quotes, write "" for a quote.'
        ) from None


def check_row(name: str, number: int, cells: list[str]) -> None:
    """Raises for a row that is more than a shot list has."""
    if number > MAX_ROWS:
        raise InputError(f"{name} has more than {MAX_ROWS:,} rows", remedy="Split it into several files.")
    if len(cells) > MAX_COLUMNS:
        raise InputError(
            f"{name}, row {number}: more than {MAX_COLUMNS} columns", remedy="Delete what is not of shots."
        )
    if any(len(cell) > MAX_CELL for cell in cells):
        raise _cell_error(name, f"row {number}")


def _cell_error(name: str, where: str) -> InputError:
    why = f"A cell has more than {MAX_CELL:,} characters."
    return InputError(f"{name}, {where}: cell too long", why=why, remedy="Is a quote missing that ends it?")
