"""The rows of a table that were not taken, beside it: a table itself, with the reason in front of each row."""

import os
from collections.abc import Sequence
from pathlib import Path

from hailuo_batch.app.sheets.base import unwritable_error
from hailuo_batch.core.sheet.columns import Columns
from hailuo_batch.core.sheet.table import OutputTable, RejectedRow
from hailuo_batch.errors import RefusedError
from hailuo_batch.files.folder import Folder, write_beside
from hailuo_batch.load.sheets.csv_tables import write_csv_table
from hailuo_batch.load.sheets.sheet_files import MAX_SHEET_BYTES
from hailuo_batch.load.user_files import read_user_file

_START = b'\xef\xbb\xbf"row","reason"'


def write_rejected_rows(path: Path, columns: Columns, rejected: Sequence[RejectedRow]) -> None:
    """Writes the rows that were not taken; a file of ours from before goes."""
    width = len(columns.header.cells)
    rows = tuple(
        (str(each.row.number), each.reason, *(each.row.cell(place) for place in range(width))) for each in rejected
    )
    there = os.path.lexists(path)
    if there and not _is_ours(path):
        if rows:
            raise RefusedError(f"{path} is not a file of ours", why="It was not changed.", remedy="Move it away.")
        return
    try:
        if rows:
            table = OutputTable(header=("row", "reason", *columns.header.cells), rows=rows)
            write_beside(path, write_csv_table(table, delimiter=","))
        elif there:
            with Folder(path.parent, path.parent).open() as folder:
                folder.remove(path.name)
    except OSError as error:
        raise unwritable_error(path, error) from None


def _is_ours(path: Path) -> bool:
    try:
        return read_user_file(path, MAX_SHEET_BYTES).startswith(_START)
    except OSError:
        return False
