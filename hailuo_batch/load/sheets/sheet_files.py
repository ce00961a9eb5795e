"""Tables by the kind of their file: CSV, TSV or Excel."""

from enum import StrEnum
from pathlib import Path

from hailuo_batch.core.sheet.table import OutputTable, Table
from hailuo_batch.errors import InputError
from hailuo_batch.load.sheets.csv_tables import read_csv_table, write_csv_table

MAX_SHEET_BYTES = 64 * 1024**2


class SheetKind(StrEnum):
    """How a table is written."""

    CSV = "csv"  # commas, UTF-8 with its mark
    TSV = "tsv"  # tabs
    XLSX = "xlsx"  # Excel


def sheet_kind(path: Path) -> SheetKind:
    """The kind of a file by its name."""
    ending = path.suffix.lower().removeprefix(".")
    if ending in {"txt", "tab"}:
        return SheetKind.TSV
    if ending in {"xlsm"}:
        return SheetKind.XLSX
    if ending in set(SheetKind):
        return SheetKind(ending)
    remedy = "Save it as .csv, .tsv or .xlsx, and name that file."
    raise InputError(f"{path} is not a table", why="Tables end in .csv, .tsv or .xlsx.", remedy=remedy)


def parse_table(data: bytes, kind: SheetKind, *, name: str, encoding: str | None, sheet: str | None) -> Table:
    """The rows in the bytes of a table."""
    if kind is SheetKind.XLSX:
        from hailuo_batch.load.sheets.xlsx_tables import read_xlsx_table

        return read_xlsx_table(data, name=name, sheet=sheet)
    return read_csv_table(data, name=name, encoding=encoding)


def format_table(table: OutputTable, kind: SheetKind, *, title: str) -> bytes:
    """The bytes of a table."""
    if kind is SheetKind.XLSX:
        from hailuo_batch.load.sheets.xlsx_writing import write_xlsx_table

        return write_xlsx_table(table, title=title)
    return write_csv_table(table, delimiter="\t" if kind is SheetKind.TSV else ",")
