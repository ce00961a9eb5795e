"""A spreadsheet → shots of a manifest: a new one, or one that is there, of which only what differs is changed.

Rows that do not fit are written beside the table with the reason, and the others go in. What is written is read again
before it is kept: it has to mean what the table says.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import Draft, read_draft
from hailuo_batch.core.manifest.document import NO_SETTINGS, Manifest
from hailuo_batch.core.manifest.expand import expand
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.problem import Problem, Severity
from hailuo_batch.core.sheet.changes import EditRules, SheetChanges, ShotEdit, find_changes
from hailuo_batch.core.sheet.columns import Columns, find_columns, target_names
from hailuo_batch.core.sheet.sheet_rows import SheetReading, settle_reading
from hailuo_batch.core.sheet.shot_rows import ShotRow, make_shot_rows
from hailuo_batch.core.sheet.table import OutputTable, RejectedRow, Table
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import FileChangedError, InputError, RefusedError, StoreError
from hailuo_batch.files.folder import Folder, write_beside
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.load.manifest import locate_problems, read_manifest
from hailuo_batch.load.manifest_edit import ManifestEdit, edit_manifest
from hailuo_batch.load.model_tables import model_names, read_model
from hailuo_batch.load.settings import make_folder
from hailuo_batch.load.sheets.csv_tables import write_csv_table
from hailuo_batch.load.sheets.entry_check import check_entry, describe_problem
from hailuo_batch.load.sheets.sheet_files import MAX_SHEET_BYTES, parse_table, sheet_kind
from hailuo_batch.load.sidecar import replace_source, source_digest
from hailuo_batch.load.user_files import read_user_file

_MAX_ROUNDS = 20  # a row that is not taken may leave another one without the shot that it names
_REJECTED_START = b'\xef\xbb\xbf"row","reason"'
_MANIFESTS = Path("manifests")


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ImportOutcome:
    """What an import did, or would do."""

    manifest: Path
    is_new: bool
    changes: SheetChanges
    columns: Columns
    notices: tuple[str, ...]
    rejected_file: Path | None
    removed: bool  # the shots that are missing in the table
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Base:
    """The manifest before the import. `own` has the place in its file of each entry that is written there."""

    target: Path
    name: str
    data: bytes
    manifest: Manifest
    rows: tuple[ShotRow, ...]
    own: Mapping[int, int]
    files: Mapping[int, str] = field(default_factory=dict)  # of the other entries
    draft: Draft | None = None


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
    base = _read_base(options.into) if options.into is not None else _new_base(path, options)
    changes, data = _settle_changes(table, reading, base, options)
    rejected_file = path.with_name(f"{path.stem}.rejected.csv")
    outcome = ImportOutcome(
        manifest=base.target,
        is_new=base.draft is None,
        changes=changes,
        columns=columns,
        notices=(*table.notices, *columns.notices, *reading.notices),
        rejected_file=rejected_file if changes.rejected else None,
        removed=options.remove_missing and bool(changes.missing),
        written=False,
    )
    if options.dry_run:
        return outcome
    _write_rejected(rejected_file, columns, changes.rejected)
    return replace(outcome, written=_write_manifest(base, data, options))


def _read_bytes(path: Path) -> bytes:
    try:
        return read_user_file(path, MAX_SHEET_BYTES)
    except FileNotFoundError:
        raise InputError(f"no such file: {path}", remedy="Check the name.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", remedy="Name a table in it.") from None
    except UnsafeFileError as error:
        raise InputError(f"{path} is not read", why=f"It {error.reason}.", remedy=error.remedy) from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=f"The system says: {error.strerror}.") from None


def _require_columns(table: Table, path: Path, options: ImportOptions) -> Columns:
    try:
        columns = find_columns(table, options.mapped)
    except ValueError as error:
        names = ", ".join(target_names())
        raise InputError(f'--map: there is no key "{error}"', remedy=f"Name one of these: {names}.") from None
    if not table.rows:
        raise InputError(f"{path} is empty", why="It has no row with anything in it.")
    if columns is None:
        first = next((cell.strip() for cell in table.rows[0].cells if cell.strip()), "")[:40]
        remedy = "Say which column has the ids of the shots:\n    "
        remedy += command_line("import", str(path), "--map", f"{first}=id", manifest="")
        raise InputError(f"{path} names no column as the id of the shots", why=_shown_names(table), remedy=remedy)
    return columns


def _shown_names(table: Table) -> str:
    names = [cell.strip()[:40] for cell in table.rows[0].cells if cell.strip()][:12]
    listed = ", ".join(f'"{name}"' for name in names)
    return f"Row {table.rows[0].number} has {listed}."


def _sold_lengths() -> frozenset[str]:
    """Every length that some model renders, as a table may write it."""
    models = [read_model(name) for name in model_names()]
    words = {word for model in models for word in model.lengths}
    return frozenset(words | {str(seconds) for model in models for row in model.lengths.values() for seconds in row})


def _read_base(path: Path) -> _Base:
    draft = read_draft(path, world=World.SKETCH)
    if draft.has_errors or draft.manifest is None:
        raise ManifestError(locate_problems(draft.problems, draft.data, name=draft.name))
    return _Base(
        target=path,
        name=draft.name,
        data=draft.data,
        manifest=draft.manifest,
        rows=make_shot_rows(draft.manifest, draft.shots),
        own={entry.index: entry.index for entry in draft.manifest.shots},
        draft=draft,
    )


def _new_base(path: Path, options: ImportOptions) -> _Base:
    campaign = options.campaign or make_campaign_name(path.stem)
    target = options.out or (_MANIFESTS if _MANIFESTS.is_dir() else Path()) / f"{campaign}.yaml"
    if os.path.lexists(target) and not (options.force and options.out):
        words = command_line("import", str(path), "--into", str(target))
        raise RefusedError(
            f"{target} is there already", why="Nothing was written.", remedy=f"To update it:\n    {words}"
        )
    manifest = Manifest(
        campaign=campaign, model=DEFAULT_MODEL, providers=(), budget=None, variables={}, styles={}, defaults=NO_SETTINGS,
        shots=(),
    )  # fmt: skip
    data = f"version: 1\ncampaign: {campaign}\n\nshots: []\n".encode()
    return _Base(target=target, name=target.as_posix(), data=data, manifest=manifest, rows=(), own={})


def make_campaign_name(stem: str) -> str:
    """The name of a file as a campaign's.

    >>> make_campaign_name("Spring Film (v2)")
    'spring-film-v2'
    """
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:64].rstrip("-")
    if not name:
        why = "A campaign has lower-case letters, digits and dashes."
        raise InputError("which campaign?", why=why, remedy="Add --campaign NAME.")
    return name


def _settle_changes(
    table: Table, reading: SheetReading, base: _Base, options: ImportOptions
) -> tuple[SheetChanges, bytes]:
    """The changes, without rows that would leave the manifest with an error, and the manifest's new bytes."""
    refused: dict[int, str] = {}
    for _ in range(_MAX_ROUNDS):
        changes = _find_changes(table, reading, base, refused)
        data, unwritten = edit_manifest(base.data, _make_edit(changes, base, options))
        if changes.is_empty and not options.remove_missing:
            return changes, base.data
        more = unwritten or _find_refused(changes, data, base, table, reading, options)
        if not more:
            return changes, data
        refused.update(more)
    raise InputError("the rows do not fit together", why="Too many of them name shots that are not taken.")


def _find_changes(table: Table, reading: SheetReading, base: _Base, refused: Mapping[int, str]) -> SheetChanges:
    rules = EditRules(check=check_entry, files=base.files)
    changes = find_changes(table, reading, base.manifest, base.rows, rules=rules, refused=refused)
    if not base.rows and not changes.added:
        reasons = "".join(f"\n    row {each.row.number}: {each.reason}" for each in changes.rejected[:5])
        raise InputError("no row of the table is a shot", why=f"Nothing was written.{reasons}")
    return changes


def _make_edit(changes: SheetChanges, base: _Base, options: ImportOptions) -> ManifestEdit:
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


def _split_missing(missing: Sequence[ShotRow], base: _Base) -> tuple[list[int], list[tuple[int, Mapping[str, str]]]]:
    """Whole entries that go, and cells of those that stay."""
    gone = {row.id for row in missing}
    kept = {row.entry for row in base.rows if row.id not in gone}
    own = [row for row in missing if row.entry in base.own]
    removed = sorted({base.own[row.entry] for row in own if row.entry not in kept})
    return removed, [(base.own[row.entry], row.cell) for row in own if row.entry in kept]


def _find_refused(
    changes: SheetChanges, data: bytes, base: _Base, table: Table, reading: SheetReading, options: ImportOptions
) -> dict[int, str]:
    """Rows that leave an error in the manifest, or that do not read there as the table has them."""
    manifest, problems = read_manifest(data, name=base.name)
    shots, found = expand(manifest) if manifest is not None else ((), ())
    errors = [each for each in (*problems, *found) if each.severity is Severity.ERROR]
    if errors or manifest is None:
        return _blame_rows(errors, manifest, changes, data, base)
    rows = make_shot_rows(manifest, shots)
    skipped = {each.row.number: each.reason for each in changes.rejected}
    rules = EditRules(check=lambda _: "", files=base.files)
    again = find_changes(table, reading, manifest, rows, rules=rules, refused=skipped)
    wrong = [*again.added, *again.changed]
    why = "It cannot be written so that it reads the same. Change it in the manifest."
    return {edit.row.number: why for edit in wrong} or _find_side_effects(changes, rows, base, options)


def _find_side_effects(
    changes: SheetChanges, rows: Sequence[ShotRow], base: _Base, options: ImportOptions
) -> dict[int, str]:
    """All changes, where a shot that no row changes has other values than before."""
    edited = {edit.id for edit in (*changes.added, *changes.changed)}
    gone = {row.id for row in changes.missing} if options.remove_missing else set()
    now = {row.id: row.values for row in rows}
    before = {row.id: row.values for row in base.rows if row.id not in edited | gone}
    hit = next((shot for shot, values in before.items() if now.get(shot) != values), None)
    if hit is None:
        return {}
    why = f'It would change shot "{hit}" too, which shares its text. Change it in the manifest.'
    return {edit.row.number: why for edit in changes.changed}


def _blame_rows(
    errors: Sequence[Problem], manifest: Manifest | None, changes: SheetChanges, data: bytes, base: _Base
) -> dict[int, str]:
    """The rows that errors are about. Raises where they are about none."""
    rows: dict[str, int] = {}
    old = {entry.index: entry.id for entry in base.manifest.shots}
    for edit in (*changes.changed, *changes.added):
        rows[edit.id if edit.entry is None else old[edit.entry]] = edit.row.number
    entries = {} if manifest is None else {entry.index: entry.id for entry in manifest.shots}
    blamed = {}
    for error in errors:
        entry = entries.get(error.path[1]) if error.path[:1] == ("shots",) and len(error.path) > 1 else None  # type: ignore[call-overload]
        if entry in rows:
            blamed.setdefault(rows[entry], describe_problem(error))
    if not blamed:
        raise ManifestError(locate_problems(errors, data, name=f"{base.name} (as it would be)"))
    return blamed


def _write_rejected(path: Path, columns: Columns, rejected: Iterable[RejectedRow]) -> None:
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
        raise _unwritable_error(path, error) from None


def _is_ours(path: Path) -> bool:
    try:
        return read_user_file(path, MAX_SHEET_BYTES).startswith(_REJECTED_START)
    except OSError:
        return False


def _write_manifest(base: _Base, data: bytes, options: ImportOptions) -> bool:
    """Whether something new was written."""
    if base.draft is not None:
        target = Path(os.path.realpath(base.target))
        try:
            return data != base.data and replace_source(target, data, source_digest(base.data))
        except FileChangedError as error:
            raise FileChangedError(error.summary, why=error.why, remedy="Run the same command again.") from None
        except OSError as error:
            raise _unwritable_error(base.target, error) from None
    make_folder(base.target.parent)
    if os.path.lexists(base.target) and not options.force:  # it came meanwhile
        raise RefusedError(f"{base.target} is there already", why="Nothing was written.")
    try:
        write_beside(base.target, data)
    except OSError as error:
        raise _unwritable_error(base.target, error) from None
    return True


def _unwritable_error(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}", why=f"The system says: {error.strerror}.")


__all__ = ["ImportOptions", "ImportOutcome", "ShotEdit", "import_sheet", "make_campaign_name"]
