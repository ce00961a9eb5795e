"""Tables as Excel files: texts as texts, so that nothing in them is computed or read as a date.

XML has no control characters, and turns a carriage return into a line's end. Excel writes both as `_x000D_`.
"""

import re
from io import BytesIO

from hailuo_batch.core.sheet.cells import guard_cell
from hailuo_batch.core.sheet.table import OutputTable
from hailuo_batch.errors import InputError
from hailuo_batch.load.sheets.xlsx_tables import no_library_error

MAX_TEXT = 32_767  # characters that Excel keeps in a cell
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)")
_WIDTHS = {"prompt": 70, "notes": 40, "tags": 24, "first frame": 24, "last frame": 24, "id": 20}


def write_xlsx_table(table: OutputTable, *, title: str) -> bytes:
    """The bytes of a workbook with one sheet, its first row held in place."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise no_library_error() from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
    sheet.freeze_panes = "B2"
    for place, name in enumerate(table.header):
        sheet.column_dimensions[_letters(place)].width = _WIDTHS.get(name, 14)
    for row in (table.header, *table.rows):
        cells = []
        for name, text in zip(table.header, row, strict=True):
            number = _as_number(text) if name in table.number_columns and row is not table.header else None
            cell = WriteOnlyCell(sheet, value=number)
            if number is None and text:
                cell.value = _escape(guard_cell(text), row[0])
                cell.data_type = "s"  # whatever it looks like
            cells.append(cell)
        sheet.append(cells)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _letters(place: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place + 1))


def _as_number(text: str) -> int | float | None:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
        return None
    return float(text) if "." in text else int(text)


def _escape(text: str, shot: str) -> str:
    if len(text) > MAX_TEXT:
        why = f'A text of shot "{shot}" has {len(text):,} characters; a cell of Excel keeps {MAX_TEXT:,}.'
        raise InputError("a text is too long for Excel", why=why, remedy="Export as csv.")
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
