"""What a table changes in a manifest: shots added and changed, those that are gone, and rows that are not taken.

A cell that says what the manifest says already, at whichever level, changes nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from decimal import Decimal
from typing import Any

from hailuo_batch.core.manifest.document import Cell, Manifest
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.sheet.cells import decimal_text, format_value, parse_cell
from hailuo_batch.core.sheet.columns import CUT, DURATION, NOTES, PROMPT, SEQUENCE, TAGS, FieldPath, column_name
from hailuo_batch.core.sheet.sequence_names import SequenceNames
from hailuo_batch.core.sheet.sheet_rows import SheetReading, SheetRow, read_rows
from hailuo_batch.core.sheet.shot_rows import ShotRow, Values, inherited_values, move_row
from hailuo_batch.core.sheet.table import CellError, RejectedRow, Table, TableRow
from hailuo_batch.values import dataclass

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
EntryCheck = Callable[[Mapping[str, Any]], str]  # why an entry is not as the schema wants it; nothing when it is


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotEdit:
    """What is written for one row. `entry` is None for a new shot; a None among `values` is taken away.

    `after` are all values that the shot has then. A cell of a matrix is edited by an override.
    """

    row: TableRow
    id: str
    values: Values
    after: Values
    before: Values = field(default_factory=dict)
    entry: int | None = None
    cell: Cell = field(default_factory=dict)
    override: int | None = None
    follows: int | None = None  # the entry that a new shot comes behind; None: before all others


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetChanges:
    """Everything that a table changes."""

    added: tuple[ShotEdit, ...]
    changed: tuple[ShotEdit, ...]
    missing: tuple[ShotRow, ...]  # in the manifest, and not in the table
    rejected: tuple[RejectedRow, ...]
    unchanged: int
    sequences: Mapping[str, str]  # new ones: ids and titles

    @property
    def is_empty(self) -> bool:
        """Whether the manifest stays as it is, but for shots that are missing in the table."""
        return not self.added and not self.changed


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRules:
    """What edits are held against: the schema, and entries that are written in included files."""

    check: EntryCheck
    files: Mapping[int, str] = field(default_factory=dict)


def find_changes(
    table: Table,
    reading: SheetReading,
    manifest: Manifest,
    rows: Sequence[ShotRow],
    *,
    rules: EditRules,
    refused: Mapping[int, str] | None = None,
) -> SheetChanges:
    """The changes. `refused` are rows, by number, that turned out not to fit, with the reason."""
    names = SequenceNames(manifest.sequences)
    finder = _Finder(manifest, rows, rules)
    for sheet_row in read_rows(table, reading, names):
        finder.add(replace(sheet_row, error=(refused or {}).get(sheet_row.row.number, "") or sheet_row.error))
    used = {edit.after.get(SEQUENCE) for edit in (*finder.added, *finder.changed)}
    return SheetChanges(
        added=tuple(finder.added),
        changed=tuple(_join_cells(finder.changed, rows, manifest)),
        missing=tuple(row for row in rows if row.id not in finder.seen),
        rejected=tuple(finder.rejected),
        unchanged=finder.unchanged,
        sequences={name: title for name, title in names.added.items() if name in used},
    )


def entry_tree(values: Mapping[FieldPath, Any]) -> dict[str, Any]:
    """Values as they stand in an entry of a manifest.

    >>> entry_tree({("prompt",): "mist", ("meta", "Music"): "cue 3", ("notes",): None})
    {'prompt': 'mist', 'meta': {'Music': 'cue 3'}}
    """
    tree: dict[str, Any] = {}
    for path, value in values.items():
        if value is not None:
            inner = tree if len(path) == 1 else tree.setdefault(path[0], {})
            inner[path[-1]] = value
    return tree


class _Finder:
    """Goes through the rows of a table once, and keeps what it found."""

    def __init__(self, manifest: Manifest, rows: Sequence[ShotRow], rules: EditRules) -> None:
        self._manifest, self._rules = manifest, rules
        self._rows = {row.id: row for row in rows}
        self._spellings = {row.id.casefold(): row.id for row in rows}
        self._place: int | None = None  # the last own entry that was passed
        self.seen: dict[str, int] = {}
        self.added: list[ShotEdit] = []
        self.changed: list[ShotEdit] = []
        self.rejected: list[RejectedRow] = []
        self.unchanged = 0

    def add(self, sheet_row: SheetRow) -> None:
        shot = self._rows.get(sheet_row.id)
        try:
            self._add(sheet_row, shot)
        except CellError as error:
            self.rejected.append(RejectedRow(row=sheet_row.row, reason=str(error)))
        if shot is not None and shot.entry not in self._rules.files:
            self._place = shot.entry

    def _add(self, sheet_row: SheetRow, shot: ShotRow | None) -> None:
        if sheet_row.id in self.seen:
            raise CellError(f'"{sheet_row.id}" is also the id of row {self.seen[sheet_row.id]}.')
        if sheet_row.id:
            self.seen[sheet_row.id] = sheet_row.row.number
        if sheet_row.error:
            raise CellError(sheet_row.error)
        if shot is None:
            self.added.append(self._make_shot(sheet_row))
        elif edit := self._edit_shot(sheet_row, shot):
            self.changed.append(edit)
        else:
            self.unchanged += 1

    def _make_shot(self, sheet_row: SheetRow) -> ShotEdit:
        if not _ID.match(sheet_row.id):
            raise CellError(_describe_bad_id(sheet_row.id))
        spelled = self._spellings.setdefault(sheet_row.id.casefold(), sheet_row.id)
        if spelled != sheet_row.id:
            raise CellError(f'"{sheet_row.id}" and "{spelled}" differ only in case and would name one file.')
        inherited = inherited_values(self._manifest, sheet_row.sequence)
        wanted = _wanted_values(sheet_row, {})
        values = {path: value for path, value in wanted.items() if value is not None and value != inherited.get(path)}
        if TAGS in values:
            values[TAGS] = _own_tags(values[TAGS], inherited.get(TAGS))
        if wanted.get(CUT) is not None and wanted.get(DURATION) is not None:
            values[DURATION] = wanted[DURATION]  # a cut alone would choose the length
        self._check({"id": sheet_row.id, **entry_tree(values)})
        return ShotEdit(
            row=sheet_row.row, id=sheet_row.id, values=values, after={**inherited, **values}, follows=self._place
        )  # fmt: skip

    def _edit_shot(self, sheet_row: SheetRow, shot: ShotRow) -> ShotEdit | None:
        wanted = _wanted_values(sheet_row, shot.values)
        if SEQUENCE in wanted and wanted[SEQUENCE] != shot.values[SEQUENCE]:
            return self._move_shot(sheet_row, shot, wanted)
        return self._change_shot(sheet_row, shot, wanted)

    def _move_shot(self, sheet_row: SheetRow, shot: ShotRow, wanted: Values) -> ShotEdit | None:
        """The shot in another sequence: what it had from the old one has to be written, if the table says so."""
        if shot.cell:
            raise CellError("One cell of a matrix cannot have a sequence of its own. Change it in the manifest.")
        moved = move_row(self._manifest, shot, sheet_row.sequence)
        edit = self._change_shot(sheet_row, moved, wanted)
        return None if edit is None else replace(edit, before=shot.values)

    def _change_shot(self, sheet_row: SheetRow, shot: ShotRow, wanted: Values) -> ShotEdit | None:
        values = {path: value for path, value in wanted.items() if value != shot.values.get(path)}
        for path in [path for path, value in values.items() if value is None]:
            _settle_empty_cell(path, shot, values)
        _pair_lengths(values, wanted, shot)
        if not values:
            return None
        if shot.entry in self._rules.files:
            raise CellError(f"The shot is written in {self._rules.files[shot.entry]}. Change it there.")
        after = {**shot.values, **values}
        after.update({path: shot.inherited.get(path) for path, value in values.items() if value is None})
        if values.get(TAGS) is not None:
            values[TAGS] = _own_tags(values[TAGS], shot.inherited.get(TAGS))
        self._check({"id": "x", **entry_tree(values)})
        return ShotEdit(
            row=sheet_row.row,
            id=shot.id,
            values=values,
            after=after,
            before=shot.values,
            entry=shot.entry,
            cell=shot.cell,
            override=shot.override,
        )

    def _check(self, tree: Mapping[str, Any]) -> None:
        if reason := self._rules.check(plain_numbers(tree)):
            raise CellError(reason)


def _describe_bad_id(shot_id: str) -> str:
    """Why a text is no id, and one that is near it.

    >>> 'as in "Bild-01"' in _describe_bad_id("Bild 01")
    True
    """
    letters = unicodedata.normalize("NFKD", shot_id).encode("ascii", "ignore").decode()
    near = re.sub(r"[^A-Za-z0-9._-]+", "-", letters).strip("-._")[:64]
    example = f', as in "{near}"' if _ID.match(near) else ""
    why = f"id: {quote_text(shot_id)} is to be part of file names."
    return f"{why} Write up to 64 letters (a to z), digits, dots, dashes and underscores{example}."


def _wanted_values(sheet_row: SheetRow, now: Mapping[FieldPath, Any]) -> Values:
    """What the row says for each of its columns; a cell that shows the value of now means that very value."""
    wanted: Values = {}
    for path, text in sheet_row.texts.items():
        old = now.get(path)
        if path == SEQUENCE:
            wanted[path] = sheet_row.sequence or None
        elif text == format_value(path, old):
            wanted[path] = old
        elif not text.strip():
            wanted[path] = None
        else:
            try:
                wanted[path] = parse_cell(path, text, old)
            except CellError as error:
                raise CellError(f"{column_name(path)}: {error}") from None
    if sheet_row.has_cut:
        wanted[CUT] = sheet_row.cut
    return wanted


def _settle_empty_cell(path: FieldPath, shot: ShotRow, values: Values) -> None:
    """An empty cell takes away what is the shot's own; what defaults and sequences say stays."""
    left = shot.inherited.get(path)
    is_own = shot.values.get(path) != left
    if not is_own:
        del values[path]
    if not shot.cell or left in (None, shot.defaults.get(path)):
        return
    if path in {PROMPT, NOTES}:
        values[path] = ""
        return
    why = "One cell of a matrix cannot take away what its shot has. Write a value, or change it in the manifest."
    raise CellError(f"{column_name(path)}: {why}")


def _pair_lengths(values: Values, wanted: Values, shot: ShotRow) -> None:
    """Where a cut is written, a duration is too: one that is written farther off no longer counts."""
    duration = wanted.get(DURATION, shot.values.get(DURATION))
    is_inherited = shot.values.get(DURATION) == shot.inherited.get(DURATION)
    if values.get(CUT) is not None and duration is not None and is_inherited:
        values[DURATION] = duration


def _own_tags(wanted: Iterable[str], inherited: Iterable[str] | None) -> list[str] | None:
    """The tags that have to be written; the inherited ones are there anyway."""
    there = list(inherited or ())
    words = list(wanted)
    if lost := [tag for tag in there if tag not in words]:
        where = "comes from the defaults, the sequence or the matrix"
        raise CellError(f'tags: "{lost[0]}" {where}. Write it here too, or take it away there.')
    return [tag for tag in words if tag not in there] or None


def _join_cells(edits: Sequence[ShotEdit], rows: Sequence[ShotRow], manifest: Manifest) -> Iterable[ShotEdit]:
    """The edits, where one that all cells of a matrix share is one edit of the shot itself."""
    plain = {entry.index for entry in manifest.shots if entry.matrix and not entry.overrides}
    count: dict[int, int] = {}
    for row in rows:
        count[row.entry] = count.get(row.entry, 0) + 1
    groups: dict[int | None, list[ShotEdit]] = {}
    for edit in edits:
        groups.setdefault(edit.entry, []).append(edit)
    alike = {
        entry
        for entry, group in groups.items()
        if entry in plain
        and len(group) == count[entry]
        and all(each.values == group[0].values for each in group)
        and not {TAGS, CUT, DURATION} & group[0].values.keys()
    }
    for edit in edits:
        first = edit is groups[edit.entry][0]
        yield replace(edit, cell={}, values=edit.values if first else {}) if edit.entry in alike else edit


def plain_numbers(value: Any) -> Any:
    """The same with decimals as JSON has numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(decimal_text(value))
    if isinstance(value, Mapping):
        return {name: plain_numbers(each) for name, each in value.items()}
    return value
