"""A spreadsheet → shots of a manifest: a new one, or one that is there, of which only what differs is changed.

Rows that do not fit are written beside the table with the reason, and the others go in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from decimal import Decimal
from pathlib import Path

from hailuo_batch.app.sheets.base import SheetBase, make_base, read_base
from hailuo_batch.app.sheets.rejected_file import write_rejected_rows
from hailuo_batch.app.sheets.verdicts import find_refused_rows
from hailuo_batch.core.manifest.document import Cell
from hailuo_batch.core.sheet.changes import EditRules, SheetChanges, find_changes
from hailuo_batch.core.sheet.columns import Columns, find_columns, normalize_name, target_names
from hailuo_batch.core.sheet.outcome import ImportOutcome
from hailuo_batch.core.sheet.sheet_rows import SheetReading, settle_reading
from hailuo_batch.core.sheet.shot_rows import ShotRow
from hailuo_batch.core.sheet.table import Table, TableRow
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError
from hailuo_batch.load.manifest_edit import ManifestEdit, edit_manifest
from hailuo_batch.load.model_tables import model_names, read_model
from hailuo_batch.load.sheets.entry_check import check_entry
from hailuo_batch.load.sheets.sheet_files import MAX_SHEET_BYTES, parse_table, sheet_kind
from hailuo_batch.load.user_files import explain_unreadable, read_user_file
from hailuo_batch.values import dataclass

_MAX_ROUNDS = 20  # a row that is not taken may leave another one without the shot that it names


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of an import."""

    into: Path | None = None
    out: Path | None = None
    campaign: str = ""
    mapped: Mapping[str, str] = field(default_factory=dict)  # names of columns, and keys
    encoding: str | None = None
    sheet: str | None = None
    fps: Decimal = Decimal(24)
    remove_missing: bool = False
    dry_run: bool = False
    force: bool = False


async def import_sheet(file: Path | str, options: ImportOptions | None = None) -> ImportOutcome:
    """Makes a manifest from a table, or brings one up to date, keyed on the ids of the shots.

    Raises `InputError` when the table cannot be read, `ManifestError` when the manifest has errors of its own, and
    `RefusedError` where a file would be overwritten.
    """
    options = options or ImportOptions()
    path = Path(file)
    kind = sheet_kind(path)
    table = parse_table(_read_bytes(path), kind, name=str(path), encoding=options.encoding, sheet=options.sheet)
    columns = _require_columns(table, path, options)
    reading = settle_reading(table, columns, fps=options.fps, sold=_sold_lengths())
    base = _find_base(path, options)
    changes, data = _settle_changes(table, reading, base, options)
    rejected_file = path.with_name(f"{path.stem}.rejected.csv")
    outcome = ImportOutcome(
        manifest=base.target.as_posix(),
        is_new=base.draft is None,
        changes=changes,
        columns=columns,
        notices=(*table.notices, *columns.notices, *reading.notices),
        rejected_file=str(rejected_file) if changes.rejected else "",
        removed=options.remove_missing and bool(changes.missing),
        dry_run=options.dry_run,
    )
    if options.dry_run:
        return outcome
    write_rejected_rows(rejected_file, columns, changes.rejected)
    return replace(outcome, written=base.write(data, force=options.force))


def _find_base(path: Path, options: ImportOptions) -> SheetBase:
    if options.into is not None:
        return read_base(options.into)
    return make_base(path, out=options.out, campaign=options.campaign, force=options.force)


def _read_bytes(path: Path) -> bytes:
    with explain_unreadable(path, missing="Check the name.", folder="Name a table in it."):
        return read_user_file(path, MAX_SHEET_BYTES)


def _require_columns(table: Table, path: Path, options: ImportOptions) -> Columns:
    try:
        columns = find_columns(table, options.mapped)
    except ValueError as error:
        names = ", ".join(target_names())
        raise InputError(f'--map: there is no key "{error}"', remedy=f"Name one of these: {names}.") from None
    if not table.rows:
        raise InputError(f"{path} is empty", why="It has no row with anything in it.")
    if columns is not None:
        _require_mapped(columns, path, options.mapped)
        return columns
    first = next((cell.strip() for cell in table.rows[0].cells if cell.strip()), "")[:40]
    words = command_line("import", str(path), "--map", f"{first}=id")
    why, remedy = _shown_names(table.rows[0]), f"Say which column has the ids of the shots:\n    {words}"
    raise InputError(f"{path} names no column as the id of the shots", why=why, remedy=remedy)


def _require_mapped(columns: Columns, path: Path, mapped: Mapping[str, str]) -> None:
    names = {normalize_name(cell) for cell in columns.header.cells}
    for name in mapped:
        if normalize_name(name) not in names:
            raise InputError(f'--map: {path} has no column "{name}"', why=_shown_names(columns.header))


def _shown_names(row: TableRow) -> str:
    names = [cell.strip()[:40] for cell in row.cells if cell.strip()][:12]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"Row {row.number} has {listed}."


def _sold_lengths() -> frozenset[str]:
    """Every length that some model renders, as a table may write it."""
    models = [read_model(name) for name in model_names()]
    words = {word for model in models for word in model.lengths}
    return frozenset(words | {str(seconds) for model in models for row in model.lengths.values() for seconds in row})


def _settle_changes(
    table: Table, reading: SheetReading, base: SheetBase, options: ImportOptions
) -> tuple[SheetChanges, bytes]:
    """The changes, without rows that would leave the manifest with an error, and the manifest's new bytes."""
    refused: dict[int, str] = {}
    for _ in range(_MAX_ROUNDS):
        changes = _find_changes(table, reading, base, refused)
        data, unwritten = edit_manifest(base.data, _make_edit(changes, base, options))
        if changes.is_empty and not options.remove_missing:
            return changes, base.data
        more = unwritten or find_refused_rows(
            changes, data, base, table, reading, remove_missing=options.remove_missing
        )
        if not more:
            return changes, data
        refused.update(more)
    raise InputError("the rows do not fit together", why="Too many of them name shots that are not taken.")


def _find_changes(table: Table, reading: SheetReading, base: SheetBase, refused: Mapping[int, str]) -> SheetChanges:
    rules = EditRules(check=check_entry, files=base.files)
    changes = find_changes(table, reading, base.manifest, base.rows, rules=rules, refused=refused)
    if not base.rows and not changes.added:
        reasons = "".join(f"\n    row {each.row.number}: {each.reason}" for each in changes.rejected[:5])
        raise InputError("no row of the table is a shot", why=f"Nothing was written.{reasons}")
    return changes


def _make_edit(changes: SheetChanges, base: SheetBase, options: ImportOptions) -> ManifestEdit:
    """The changes by the places of entries in the manifest's own file."""
    removed, excluded = _split_missing(changes.missing, base) if options.remove_missing else ([], [])
    return ManifestEdit(
        added=[
            replace(edit, follows=base.own.get(edit.follows)) if edit.follows is not None else edit
            for edit in changes.added
        ],
        changed=[replace(edit, entry=base.own[edit.entry or 0]) for edit in changes.changed if edit.values],
        removed=removed,
        excluded=excluded,
        sequences=changes.sequences,
    )


def _split_missing(missing: Sequence[ShotRow], base: SheetBase) -> tuple[list[int], list[tuple[int, Cell]]]:
    """Whole entries that go, and cells of those that stay."""
    gone = {row.id for row in missing}
    kept = {row.entry for row in base.rows if row.id not in gone}
    own = [row for row in missing if row.entry in base.own]
    removed = sorted({base.own[row.entry] for row in own if row.entry not in kept})
    return removed, [(base.own[row.entry], row.cell) for row in own if row.entry in kept]
