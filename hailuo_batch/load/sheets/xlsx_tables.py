"""Excel files as tables of texts. Nothing is computed: a formula's cell is the value that Excel stored.

python-calamine reads. What it gets is a copy of the parts inside the file, unpacked up to a limit: a small file may
claim or unpack to anything.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from hailuo_batch.core.sheet.cells import unguard_cell
from hailuo_batch.core.sheet.columns import find_columns
from hailuo_batch.core.sheet.table import MAX_ROWS, Table, TableRow
from hailuo_batch.errors import InputError
from hailuo_batch.load.sheets.csv_tables import check_row
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MAX_UNPACKED = 200 * 1024**2
MAX_PARTS = 10_000
MAX_CELLS = 5_000_000  # between the first and the last cell: the reader has room for all of them
_CHUNK = 1024**2
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]{0,4})(\d{1,10})\s*["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CELL = re.compile(rb"<(?:\w+:)?c\s")
_SHEET = re.compile(rb"""<(?:\w+:)?sheet\s[^>]*?\b\w+:id\s*=\s*["']([^"']+)["']""")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_NO_LIBRARY = "Excel files need two more packages:\n    pip install 'hailuo-batch[xlsx]'\nOr save the sheet as CSV."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """The parts of an Excel file, unpacked."""

    parts: dict[str, bytes]

    def repack(self) -> BytesIO:
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.parts.items():
                archive.writestr(name, data)
        file.seek(0)
        return file

    def sheet_parts(self) -> list[bytes]:
        """The XML of each sheet, in the order of the workbook."""
        relations = {}
        for found in _RELATION.findall(self.parts.get("xl/_rels/workbook.xml.rels", b"")):
            names = dict(re.findall(rb"""\b(Id|Target)\s*=\s*["']([^"']+)["']""", found))
            relations[names.get(b"Id", b"")] = names.get(b"Target", b"").decode(errors="replace")
        targets = (relations.get(each, "") for each in _SHEET.findall(self.parts.get("xl/workbook.xml", b"")))
        return [self.parts.get(f"xl/{target}".removeprefix("xl//"), b"") for target in targets]


def no_library_error() -> InputError:
    """Excel files are an extra of the package."""
    return InputError("Excel files cannot be read or written", why="A package for them is missing.", remedy=_NO_LIBRARY)


def read_xlsx_table(data: bytes, *, name: str, sheet: str | None) -> Table:
    """The rows of one sheet: the one that is named, else the first visible one that names a shot's id."""
    try:
        import python_calamine
    except ImportError:
        raise no_library_error() from None
    archive = _unpack(data, name)
    for part, xml in archive.parts.items():
        if part.startswith("xl/worksheets/"):
            _check_extent(xml, name)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(archive.repack())
        return _read_workbook(workbook, archive, name, sheet)
    except python_calamine.PasswordError:
        raise InputError(f"{name} has a password", remedy="Save it without one.") from None
    except (python_calamine.CalamineError, ValueError, OverflowError) as error:
        raise _unreadable_error(name, str(error)) from None
    except BaseException as error:  # what Rust panics with is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable_error(name, "it is damaged") from None


def _unpack(data: bytes, name: str) -> _Archive:
    """Every part, read up to a limit whatever the file says about its size."""
    left = MAX_UNPACKED
    parts = {}
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_PARTS:
                raise _bomb_error(name)
            for info in archive.infolist():
                if info.is_dir() or not info.filename.endswith((".xml", ".rels")):
                    continue  # pictures and fonts
                with archive.open(info) as file:
                    content = bytearray()
                    while chunk := file.read(min(_CHUNK, left + 1)):
                        left -= len(chunk)
                        if left < 0:
                            raise _bomb_error(name)
                        content += chunk
                parts[info.filename] = bytes(content)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise _unreadable_error(name, str(error)) from None
    return _Archive(parts=parts)


def _bomb_error(name: str) -> InputError:
    why = f"Unpacked, it has more than {MAX_UNPACKED // 1024**2} MB, which no shot list has."
    return InputError(f"{name} is too large", why=why, remedy="Save the sheet as CSV.")


def _unreadable_error(name: str, reason: str) -> InputError:
    why = f"The reader says: {' '.join(reason.split())[:200].rstrip('.')}."
    remedy = "Open it in a spreadsheet program, and save it as xlsx or CSV."
    return InputError(f"{name} is not an Excel file (xlsx)", why=why, remedy=remedy)


def _check_extent(xml: bytes, name: str) -> None:
    """Raises where a cell stands so far out that room for all cells before it would fill the memory."""
    row = column = 1
    for letters, digits in _PLACE.findall(xml):
        row = max(row, int(digits))
        column = max(column, _column_number(letters))
    if row * column > MAX_CELLS or row > MAX_ROWS or column > 16_384:
        why = f"Its last cell is in row {row:,} and column {column:,}."
        raise InputError(f"{name} has a sheet that is too large", why=why, remedy="Delete what is not of shots.")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _read_workbook(workbook: "CalamineWorkbook", archive: _Archive, name: str, sheet: str | None) -> Table:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    tables_only = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    names = [each.name for each in tables_only]
    if not names:
        raise _unreadable_error(name, "it has no sheet")
    if sheet is not None and sheet not in names:
        listed = ", ".join(f'"{each}"' for each in names)
        raise InputError(f'{name} has no sheet "{sheet}"', remedy=f"It has {listed}.")
    visible = [each.name for each in tables_only if each.visible == SheetVisibleEnum.Visible]
    chosen = [sheet] if sheet is not None else [each for each in names if each in visible] or names
    tables = []
    for each in chosen:
        table = _read_sheet(
            workbook.get_sheet_by_name(each), _sheet_part(archive, workbook.sheet_names.index(each)), name
        )
        tables.append((each, table))
        if find_columns(table, {}) is not None:
            break
    best = tables[-1] if find_columns(tables[-1][1], {}) is not None else tables[0]
    others = len(names) - 1
    if others and sheet is None:
        notice = f'Only the sheet "{best[0]}" is read; --sheet names another one.'
        return Table(rows=best[1].rows, notices=(notice, *best[1].notices))
    return best[1]


def _sheet_part(archive: _Archive, place: int) -> bytes:
    parts = archive.sheet_parts()
    return parts[place] if place < len(parts) else b""


def _read_sheet(sheet: "CalamineSheet", xml: bytes, name: str) -> Table:
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    _fill_merged(rows, sheet.merged_cell_ranges or [])
    found, notices = [], list(_formula_notices(xml))
    for number, values in enumerate(rows, start=1):
        while values and values[-1] == "":
            values.pop()
        cells = [cell_text(value) for value in values]
        check_row(name, number, cells)
        if any(cell.strip() for cell in cells):
            numbers = frozenset(place for place, value in enumerate(values) if type(value) in {int, float})
            found.append(TableRow(number=number, cells=tuple(map(unguard_cell, cells)), numbers=numbers))
    return Table(rows=tuple(found), notices=tuple(notices))


def _fill_merged(rows: list[list[Any]], ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A cell that was merged over several rows is in each of them, as people see it."""
    for (top, left), (bottom, right) in ranges:
        if left == right and top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]


def _formula_notices(xml: bytes) -> Iterator[str]:
    places = []
    for found in _FORMULA.finditer(xml):
        start = max(
            (each.start() for each in _CELL.finditer(xml, max(0, found.start() - 2000), found.start())), default=0
        )
        if place := _PLACE.search(xml, start, found.start()):
            places.append((place[1] + place[2]).decode())
    if places:
        more = f" and {len(places) - 5:,} more" if len(places) > 5 else ""
        yield f"Formulas are not computed; the values that the file stores are read: {', '.join(places[:5])}{more}."


def cell_text(value: Any) -> str:  # noqa: PLR0911 - one return for each kind
    """A cell's value as people see it.

    >>> cell_text(6.0), cell_text(3.5), cell_text(True), cell_text(timedelta(seconds=3.5))
    ('6', '3.5', 'true', '0:00:03.5')
    """
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date():
            return value.isoformat()
        case time() | timedelta():
            text = str(value)
            return text.rstrip("0") if "." in text else text
    return str(value)
