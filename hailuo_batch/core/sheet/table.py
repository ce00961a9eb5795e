"""A table as it was read: rows of texts with their numbers, and why a row is not taken."""

from dataclasses import field

from hailuo_batch.values import dataclass

MAX_ROWS = 200_000
MAX_COLUMNS = 500
MAX_CELL = 100_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row that is not blank; `number` counts from 1 and is the row's in the spreadsheet."""

    number: int
    cells: tuple[str, ...]
    numbers: frozenset[int] = frozenset()  # which cells held a number and no text, where the file says so

    def cell(self, column: int) -> str:
        """The text of a column; empty where the row is shorter."""
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows of one sheet; `notices` are what a person should know about how it was read."""

    rows: tuple[TableRow, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row of the table that was not taken, and why."""

    row: TableRow
    reason: str


class CellError(Exception):
    """What is in a cell cannot be used; its text is the reason. Becomes a `RejectedRow`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTable:
    """Rows to write: texts, and whole or decimal numbers in the columns that a spreadsheet may add up."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    number_columns: frozenset[str] = field(default_factory=frozenset)
