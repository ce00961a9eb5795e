"""Which rows cannot go in: what was written is read again, and has to mean what the table says, and nothing else."""

from collections.abc import Mapping, Sequence

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.sheets.base import SheetBase
from hailuo_batch.core.manifest.document import Manifest
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.sheet.changes import EditRules, SheetChanges, find_changes
from hailuo_batch.core.sheet.sheet_rows import SheetReading
from hailuo_batch.core.sheet.shot_rows import ShotRow, make_shot_rows
from hailuo_batch.core.sheet.table import Table
from hailuo_batch.load.manifest import locate_problems
from hailuo_batch.load.sheets.entry_check import describe_problem


def find_refused_rows(
    changes: SheetChanges, data: bytes, base: SheetBase, table: Table, reading: SheetReading, *, remove_missing: bool
) -> dict[int, str]:
    """Rows by number, each with the reason. Raises `ManifestError` for an error that no row is to blame for."""
    manifest, shots, errors = base.read_again(data)
    if errors or manifest is None:
        return _blame_rows(errors, manifest, changes, data, base)
    rows = make_shot_rows(manifest, shots)
    skipped = {each.row.number: each.reason for each in changes.rejected}
    rules = EditRules(check=lambda _: "", files=base.files)
    again = find_changes(table, reading, manifest, rows, rules=rules, refused=skipped)
    why = "It cannot be written so that it reads the same. Change it in the manifest."
    wrong = {edit.row.number: why for edit in (*again.added, *again.changed)}
    gone = {row.id for row in changes.missing} if remove_missing else set()
    return wrong or _find_side_effects(changes, rows, base, gone)


def _find_side_effects(
    changes: SheetChanges, rows: Sequence[ShotRow], base: SheetBase, gone: set[str]
) -> dict[int, str]:
    """All changes, where a shot that no row changes has other values than before."""
    edited = {edit.id for edit in (*changes.added, *changes.changed)}
    now = {row.id: row.values for row in rows}
    before: Mapping[str, object] = {row.id: row.values for row in base.rows if row.id not in edited | gone}
    other = next((shot for shot, values in before.items() if now.get(shot) != values), None)
    if other is None:
        return {}
    why = f'It would change shot "{other}" too, which shares its text. Change it in the manifest.'
    return {edit.row.number: why for edit in changes.changed}


def _blame_rows(
    errors: Sequence[Problem], manifest: Manifest | None, changes: SheetChanges, data: bytes, base: SheetBase
) -> dict[int, str]:
    """The rows that errors are about."""
    old = {entry.index: entry.id for entry in base.manifest.shots}
    rows = {
        edit.id if edit.entry is None else old[edit.entry]: edit.row.number
        for edit in (*changes.changed, *changes.added)
    }
    entries = {} if manifest is None else {entry.index: entry.id for entry in manifest.shots}
    blamed: dict[int, str] = {}
    for error in errors:
        place = error.path[1] if error.path[:1] == ("shots",) and len(error.path) > 1 else None
        row = rows.get(entries.get(place, "")) if isinstance(place, int) else None
        if row is not None:
            blamed.setdefault(row, describe_problem(error))
    if not blamed:
        raise ManifestError(locate_problems(errors, data, name=f"{base.name} (as it would be)"))
    return blamed
