"""What an import did, or would do."""

from hailuo_batch.core.sheet.changes import SheetChanges
from hailuo_batch.core.sheet.columns import Columns
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ImportOutcome:
    """The changes of one table; files by their names."""

    manifest: str
    is_new: bool
    changes: SheetChanges
    columns: Columns
    notices: tuple[str, ...]  # what a person should know about how the table was read
    rejected_file: str  # nothing where every row is taken
    removed: bool  # the shots that are missing in the table
    dry_run: bool
    written: bool = False
