"""Shots written into a manifest that people edit: only what changes is touched, to the byte.

A value that other shots share (an anchor) is not changed; whoever wants to is sent to the file.
"""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from hailuo_batch.core.manifest.document import Cell
from hailuo_batch.core.sheet.changes import ShotEdit, entry_tree
from hailuo_batch.core.sheet.columns import FIRST, LAST
from hailuo_batch.core.sheet.shot_rows import Values
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.errors import InputError
from hailuo_batch.load.yaml.node_edits import NodeEditor, SharedValueError, block_lines
from hailuo_batch.load.yaml.spans import Span, read_spans
from hailuo_batch.values import dataclass

_ORDER = (
    "id", "sequence", "prompt", "frames", "duration", "cut", "resolution", "takes", "style", "tags", "notes",
    "providers", *SWITCH_NAMES, "meta",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEdit:
    """What is to be written. Entries are named by their place under `shots` of this very file."""

    added: Sequence[ShotEdit] = ()
    changed: Sequence[ShotEdit] = ()
    removed: Sequence[int] = ()
    excluded: Sequence[tuple[int, Cell]] = ()
    sequences: Mapping[str, str] = field(default_factory=dict)  # new ones: ids and titles


def edit_manifest(data: bytes, edit: ManifestEdit) -> tuple[bytes, dict[int, str]]:
    """The manifest's new bytes, and the rows that cannot be written, with the reason."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data.removeprefix(mark).decode()
    if not text.endswith("\n"):
        text += "\n"
    if edit.added and read_spans(text.encode(), text).place("shots") is None:  # all shots are in included files
        text += "\nshots: []\n"
    editor = _Editor(text)
    refused = {}
    for each in edit.changed:
        before = editor.mark()
        try:
            editor.change_shot(each)
        except SharedValueError as error:
            editor.undo(before)
            refused[each.row.number] = str(error)
    try:
        editor.exclude_cells(edit.excluded)
        for place in edit.removed:
            editor.remove_shot(place)
    except SharedValueError as error:
        raise InputError("a missing shot cannot be taken out", why=str(error)) from None
    editor.write_items()
    editor.add_shots(edit.added)
    editor.add_sequences(edit.sequences)
    return mark + editor.splices.result().encode(), refused


class _Editor(NodeEditor):
    """One manifest, with the changes that were made so far."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._shots = self.root.find("shots") or Span(kind="list", start=0, end=0)

    def change_shot(self, edit: ShotEdit) -> None:
        """Writes the values of one row."""
        entry = self._shots.items[edit.entry or 0]
        self.require_own(entry, "the shot")
        if not edit.cell:
            self._change_keys(entry, edit.values, edit.after)
        elif edit.override is not None and (overrides := entry.find("overrides")) is not None:
            self.require_own(overrides, "its overrides")
            self._change_keys(overrides.items[edit.override], edit.values, edit.after)
        else:
            values = {path: value for path, value in edit.values.items() if path[0] != "frames"}
            if len(values) < len(edit.values):  # the frames of an override are instead of all others
                values |= {path: edit.after.get(path) for path in (FIRST, LAST)}
            self.add_item(entry, "overrides", {"where": dict(edit.cell), **entry_tree(values)})

    def exclude_cells(self, cells: Iterable[tuple[int, Cell]]) -> None:
        """Takes cells out of their matrices."""
        for place, cell in cells:
            entry = self._shots.items[place]
            self.require_own(entry, "the shot")
            added = entry.find("include") or Span(kind="list", start=0, end=0)
            number = next((number for number, item in enumerate(added.items) if _read_cell(item) == cell), None)
            if number is None:
                self.add_item(entry, "exclude", dict(cell))
            elif len(added.items) == 1:
                self.remove_key(entry, entry.place("include") or 0)
            else:
                self.remove_item(added, number)

    def remove_shot(self, place: int) -> None:
        """Takes out an entry, and the comment directly above it, which is about it."""
        self.require_unshared(self._shots.items[place], "values")
        self.remove_item(self._shots, place)

    def add_shots(self, edits: Iterable[ShotEdit]) -> None:
        """Puts each new shot behind the one that it follows."""
        for edit in edits:
            tree = {"id": edit.id, **entry_tree(edit.values)}
            self.insert_item(self.root, "shots", _sorted_tree(tree), edit.follows)

    def add_sequences(self, sequences: Mapping[str, str]) -> None:
        """Names the sequences that a table brings."""
        items = [{"id": name, "title": title} if title else {"id": name} for name, title in sequences.items()]
        if not items:
            return
        written = self.root.find("sequences")
        if written is not None:
            for item in items:
                self.insert_item(self.root, "sequences", item, len(written.items) - 1)
            return
        key = self.root.keys[self.root.place("shots") or 0]
        start = self.splices.line_start(key.start)
        while start and self.splices.text[self.splices.line_start(start - 1) : start].startswith("#"):
            start = self.splices.line_start(start - 1)
        lines = "".join(f"  - {block_lines(item, 4)}\n" for item in items)
        self.splices.replace(start, start, f"sequences:\n{lines}\n")

    def _change_keys(self, entry: Span, values: Values, after: Values) -> None:
        """Writes what is below a key before new keys: both may go to the end of the entry."""
        plain: dict[str, Any] = {}
        inner: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            if len(path) == 1:
                plain[path[0]] = value
            elif path[0] == "meta" and path[-1].startswith("x-") and entry.find(path[-1]):
                plain[path[-1]] = value
            else:
                inner.setdefault(path[0], {})[path[1]] = value
        for name, members in sorted(inner.items(), key=lambda each: entry.find(each[0]) is None):
            self._set_members(entry, name, members, after)
        for name, value in plain.items():
            self.set_value(entry, name, value)

    def _set_members(self, entry: Span, name: str, members: Mapping[str, Any], after: Values) -> None:
        """Writes below `frames` or `meta`; where there is none yet, with all that the shot has there."""
        holder = entry.find(name)
        if holder is None or (holder.kind == "map" and not holder.items):
            whole = {path[1]: value for path, value in after.items() if path[0] == name and len(path) == 2}
            self.set_value(entry, name, {member: value for member, value in whole.items() if value is not None} or None)
            return
        self.require_own(holder, name)
        left = {key.value for key in holder.keys} - {member for member, value in members.items() if value is None}
        if not left and not any(value is not None for value in members.values()):
            self.set_value(entry, name, None)
            return
        for member, value in members.items():
            self.set_value(holder, member, value)


def _read_cell(item: Span) -> dict[str, str]:
    """The words of a cell that is added to a matrix; one with a phrase is a mapping of its own."""
    words = (value.keys[0].value if value.kind == "map" and value.keys else value.value for value in item.items)
    return dict(zip((key.value for key in item.keys), words, strict=False))


def _sorted_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tree[name] for name in _ORDER if name in tree}
