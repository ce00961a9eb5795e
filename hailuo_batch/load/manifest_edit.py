"""Shots written into a manifest that people edit: only what changes is touched, to the byte.

A value that other shots share (an anchor) is not changed; whoever wants to is sent to the file.
"""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hailuo_batch.core.manifest.document import Cell
from hailuo_batch.core.sheet.changes import ShotEdit, entry_tree
from hailuo_batch.core.sheet.columns import FIRST, LAST
from hailuo_batch.core.sheet.shot_rows import Values
from hailuo_batch.core.sheet.table import CellError
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.load.yaml.render import render_lines, render_text, render_value
from hailuo_batch.load.yaml.spans import Span, Splices, read_spans

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
    editor = _Editor(text)
    refused = {}
    for each in edit.changed:
        before = editor.splices.mark()
        try:
            editor.change_shot(each)
        except CellError as error:
            editor.splices.undo(before)
            refused[each.row.number] = str(error)
    editor.exclude_cells(edit.excluded)
    for place in edit.removed:
        editor.remove_shot(place)
    editor.add_shots(edit.added)
    editor.add_sequences(edit.sequences)
    return mark + editor.splices.result().encode(), refused


class _Editor:
    """One manifest, with the changes that were made so far."""

    def __init__(self, text: str) -> None:
        self.splices = Splices(text)
        self._root = read_spans(text.encode(), text)
        self._shots = self._root.find("shots") or Span(kind="list", start=0, end=0)
        self._opened: set[str] = set()
        self._aliases = {each.anchor for each in _walk(self._root) if each.kind == "alias"}

    def change_shot(self, edit: ShotEdit) -> None:
        """Writes the values of one row."""
        entry = self._shots.items[edit.entry or 0]
        self._require_own(entry, "the shot")
        if not edit.cell:
            self._change_keys(entry, edit.values, edit.after)
        elif edit.override is not None and (overrides := entry.find("overrides")) is not None:
            self._require_own(overrides, "its overrides")
            self._change_keys(overrides.items[edit.override], edit.values, edit.after)
        else:
            values = {path: value for path, value in edit.values.items() if value is not None}
            if any(path[0] == "frames" for path in values):  # those of an override are instead of all others
                values = {path: value for path, value in values.items() if path[0] != "frames"}
                values |= {path: edit.after.get(path) for path in (FIRST, LAST)}
            self._add_item(entry, "overrides", {"where": dict(edit.cell), **entry_tree(values)})

    def exclude_cells(self, cells: Iterable[tuple[int, Cell]]) -> None:
        """Takes cells out of their matrices."""
        for place, cell in cells:
            entry = self._shots.items[place]
            added = entry.find("include") or Span(kind="list", start=0, end=0)
            number = next((number for number, item in enumerate(added.items) if _read_cell(item) == cell), None)
            if number is None:
                self._add_item(entry, "exclude", dict(cell))
            elif len(added.items) == 1:
                self._remove_key(entry, entry.place("include") or 0)
            else:
                self._remove_item(added, number)

    def remove_shot(self, place: int) -> None:
        """Takes out an entry, and the comment directly above it, which is about it."""
        self._remove_item(self._shots, place)

    def _remove_item(self, holder: Span, place: int) -> None:
        entry = holder.items[place]
        if holder.flow:
            self._cut_item(holder, holder.items, place)
            return
        start = self.splices.line_start(self.splices.text.rindex("-", 0, entry.start + 1))
        while start and self.splices.text[self.splices.line_start(start - 1) : start].lstrip().startswith("#"):
            start = self.splices.line_start(start - 1)
        self.splices.replace(start, self.splices.next_line(entry.end), "")

    def add_shots(self, edits: Iterable[ShotEdit]) -> None:
        """Puts each new shot behind the one that it follows."""
        for edit in edits:
            tree = {
                "id": edit.id,
                **entry_tree({path: value for path, value in edit.values.items() if value is not None}),
            }
            self._insert_item(self._root, "shots", _sorted_tree(tree), edit.follows)

    def add_sequences(self, sequences: Mapping[str, str]) -> None:
        """Names the sequences that a table brings."""
        items = [{"id": name, "title": title} if title else {"id": name} for name, title in sequences.items()]
        if not items:
            return
        written = self._root.find("sequences")
        if written is not None:
            for item in items:
                self._insert_item(self._root, "sequences", item, len(written.items) - 1)
            return
        key = self._root.keys[self._root.place("shots") or 0]
        start = self.splices.line_start(key.start)
        while start and self.splices.text[self.splices.line_start(start - 1) : start].startswith("#"):
            start = self.splices.line_start(start - 1)
        lines = "".join(f"  - {_block(item, 4)}\n" for item in items)
        self.splices.replace(start, start, f"sequences:\n{lines}\n")

    def _require_own(self, span: Span, what: str) -> None:
        """Raises where a change would reach other shots too."""
        if span.kind == "alias":
            raise CellError(f"{what} is written elsewhere, at the anchor &{span.anchor}. Change it in the manifest.")
        if span.kind not in {"map", "list"}:
            raise CellError(f"{what} is not written as a mapping. Change it in the manifest.")
        if span.anchor and span.anchor in self._aliases:
            raise CellError(f"other shots take {what} from the anchor &{span.anchor}. Change it in the manifest.")

    def _change_keys(self, entry: Span, values: Values, after: Values) -> None:
        inner: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            name = path[-1] if path[0] == "meta" and path[-1].startswith("x-") and entry.find(path[-1]) else path[0]
            if len(path) == 1 or name != path[0]:
                self._set(entry, name, value)
            else:
                inner.setdefault(name, {})[path[1]] = value
        for name, members in inner.items():
            self._set_members(entry, name, members, after)

    def _set_members(self, entry: Span, name: str, members: Mapping[str, Any], after: Values) -> None:
        """Writes below `frames` or `meta`; where there is none yet, with all that the shot has there."""
        holder = entry.find(name)
        if holder is None:
            whole = {path[1]: value for path, value in after.items() if path[0] == name and len(path) == 2}
            self._set(entry, name, {member: value for member, value in whole.items() if value is not None} or None)
            return
        self._require_own(holder, name)
        left = {key.value for key in holder.keys} - {member for member, value in members.items() if value is None}
        if not left and not any(value is not None for value in members.values()):
            self._set(entry, name, None)
            return
        for member, value in members.items():
            self._set(holder, member, value)

    def _set(self, holder: Span, name: str, value: Any) -> None:
        place = holder.place(name)
        if place is None:
            if value is None:
                raise CellError(f"{name} comes from elsewhere (a merge key <<). Take it away in the manifest.")
            self._add_key(holder, name, value)
        elif value is None:
            self._require_unshared(holder.items[place], name)
            self._remove_key(holder, place)
        else:
            self._replace(holder, place, value)

    def _require_unshared(self, span: Span, name: str) -> None:
        if any(each.anchor in self._aliases for each in _walk(span) if each.kind != "alias" and each.anchor):
            raise CellError(f"other shots take {name} from the anchor &{span.anchor}. Change it in the manifest.")

    def _replace(self, holder: Span, place: int, value: Any) -> None:
        key, old = holder.keys[place], holder.items[place]
        self._require_unshared(old, key.value)
        splices = self.splices
        if old.start == old.end or (old.kind in {"map", "list"} and not old.flow):
            colon = splices.text.index(":", key.end) + 1
            indent = " " * splices.column(old.start)
            is_block_list = old.kind == "list" and isinstance(value, list)
            words = "".join(f"\n{indent}- {render_value(each, flow=False)}" for each in value) if is_block_list else ""
            splices.replace(colon, max(colon, old.end), words or f" {render_value(value, flow=holder.flow)}")
            return
        splices.replace(old.start, old.end, self._render(holder, old, value))

    def _render(self, holder: Span, old: Span, value: Any) -> str:
        if not isinstance(value, str):
            return render_value(value, flow=holder.flow)
        is_block = old.style in {"|", ">"}
        line_ends_here = is_block or not self.splices.text[old.end : self.splices.next_line(old.end)].strip()
        if not holder.flow and line_ends_here:
            lines = render_lines(value, self.splices.column(holder.start) + 2)
            if lines is not None:
                return lines
        return render_text(value, style=old.style, flow=holder.flow)

    def _add_key(self, holder: Span, name: str, value: Any) -> None:
        written = render_value(name)
        if holder.flow:
            member = f"{written}: {render_value(value)}"
            self._add_to_flow(holder, member)
            return
        indent = self.splices.column(holder.start)
        place = self.splices.next_line(holder.end)
        self.splices.replace(place, place, f"{' ' * indent}{_member(written, value, indent)}\n")

    def _add_to_flow(self, holder: Span, words: str) -> None:
        if holder.items:
            end = max(holder.items[-1].end, holder.keys[-1].end if holder.keys else 0)
            self.splices.replace(end, end, f", {words}")
        else:
            self.splices.replace(holder.end - 1, holder.end - 1, words)

    def _remove_key(self, holder: Span, place: int) -> None:
        key, value = holder.keys[place], holder.items[place]
        if holder.flow:
            self._cut_item(holder, holder.keys, place)
            return
        start = self.splices.line_start(key.start)
        if not self.splices.text[start : key.start].strip():
            self.splices.replace(start, self.splices.next_line(max(key.end, value.end)), "")
        elif place + 1 < len(holder.keys):  # the first one, behind a dash
            self.splices.replace(key.start, holder.keys[place + 1].start, "")

    def _cut_item(self, holder: Span, starts: Sequence[Span], place: int) -> None:
        """Takes out of a flow collection what begins there, and the comma beside it."""
        end = max(starts[place].end, holder.items[place].end)
        if place:
            self.splices.replace(holder.items[place - 1].end, end, "")
        else:
            self.splices.replace(starts[0].start, starts[1].start if len(starts) > 1 else end, "")

    def _add_item(self, entry: Span, name: str, item: Mapping[str, Any]) -> None:
        """One more item of a list below an entry, which is made where there is none."""
        written = entry.find(name)
        if written is None:
            if entry.flow:
                self._add_to_flow(entry, f"{name}: [{render_value(item)}]")
            else:
                indent = self.splices.column(entry.start)
                place = self.splices.next_line(entry.end)
                words = f"{' ' * indent}{name}:\n{' ' * indent}  - {render_value(item)}\n"
                self.splices.replace(place, place, words)
            return
        self._require_own(written, name)
        if written.flow or not written.items:
            self._add_to_flow(written, render_value(item))
            return
        indent = self.splices.column(written.start)
        place = self.splices.next_line(written.end)
        self.splices.replace(place, place, f"{' ' * indent}- {render_value(item)}\n")

    def _insert_item(self, root: Span, name: str, item: Mapping[str, Any], place: int | None) -> None:
        """One more item of a list at the top, behind another one or before all."""
        holder = root.find(name) or Span(kind="list", start=0, end=0)
        key = root.keys[root.place(name) or 0]
        colon = self.splices.text.index(":", key.end) + 1
        if holder.flow and holder.items:
            if place is None:
                self.splices.replace(holder.items[0].start, holder.items[0].start, f"{render_value(item)}, ")
            else:
                end = holder.items[place].end
                self.splices.replace(end, end, f", {render_value(item)}")
            return
        if not holder.items:
            if name not in self._opened:  # the empty list goes
                self.splices.replace(colon, max(colon, holder.end), "")
            self._opened.add(name)
            end = max(colon, holder.end)
            self.splices.replace(end, end, f"\n  - {_block(item, 4)}")
            return
        dash, inner = self.splices.column(holder.start), self.splices.column(holder.items[0].start)
        gap = "\n" if self._has_gaps(holder) else ""
        lines = render_value(item) if all(each.flow for each in holder.items) else _block(item, inner)
        words = f"{' ' * dash}-{' ' * (inner - dash - 1)}{lines}\n"
        at = self.splices.next_line(colon) if place is None else self.splices.next_line(holder.items[place].end)
        self.splices.replace(at, at, words + gap if place is None else gap + words)

    def _has_gaps(self, holder: Span) -> bool:
        """Whether blank lines are between the first entries."""
        if len(holder.items) < 2:
            return False
        between = self.splices.text[holder.items[0].end : holder.items[1].start]
        return any(not line.strip() for line in between.split("\n")[1:-1])


def _walk(span: Span) -> Iterable[Span]:
    todo = [span]
    while todo:
        each = todo.pop()
        yield each
        todo += each.keys
        todo += each.items


def _read_cell(item: Span) -> dict[str, str]:
    """The words of a cell that is added to a matrix; one with a phrase is a mapping of its own."""
    words = (value.keys[0].value if value.kind == "map" and value.keys else value.value for value in item.items)
    return dict(zip((key.value for key in item.keys), words, strict=False))


def _sorted_tree(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tree[name] for name in _ORDER if name in tree}


def _block(item: Mapping[str, Any], indent: int) -> str:
    """A mapping as lines, the first of which stands behind a dash."""
    return f"\n{' ' * indent}".join(_member(render_value(name), value, indent) for name, value in item.items())


def _member(name: str, value: Any, indent: int) -> str:
    if isinstance(value, str):
        return f"{name}: {render_lines(value, indent + 2) or render_text(value)}"
    if name == "meta" and isinstance(value, Mapping):
        lines = (f"\n{' ' * (indent + 2)}{_member(render_value(key), each, indent + 2)}" for key, each in value.items())
        return f"{name}:{''.join(lines)}"
    return f"{name}: {render_value(value)}"
