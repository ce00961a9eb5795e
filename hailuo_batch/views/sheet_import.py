"""What an import changes in a manifest, as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from hailuo_batch.core.sheet.cells import format_value
from hailuo_batch.core.sheet.changes import SheetChanges, ShotEdit, plain_numbers
from hailuo_batch.core.sheet.columns import CUT, FieldPath, column_name, normalize_name
from hailuo_batch.core.sheet.outcome import ImportOutcome
from hailuo_batch.core.world import command_line
from hailuo_batch.views.format import count, safe_text, single_line
from hailuo_batch.views.style import TextStyle

_SHOWN = 20  # shots of one kind
_WIDTH = 48  # of a value


def draw_import(outcome: ImportOutcome, style: TextStyle) -> str:
    """The changes line by line, and what to run next."""
    changes = outcome.changes
    lines = [safe_text(notice) for notice in outcome.notices]
    lines += _name_columns(outcome) if outcome.is_new else ()
    lines += _list_shots("new", changes.added, style)
    lines += _list_shots("changed", changes.changed, style)
    lines += _list_missing(changes, style, removed=outcome.removed)
    lines += [f"row {each.row.number} not taken: {safe_text(each.reason)}" for each in changes.rejected[:_SHOWN]]
    lines += _list_more(len(changes.rejected), "row")
    if outcome.rejected_file and not outcome.dry_run:
        lines.append(f"Rows not taken are in {safe_text(outcome.rejected_file)}, each with the reason.")
    lines.append(_sum_up(outcome))
    if outcome.written:
        lines.append(f"Next, check it:\n    {safe_text(command_line('validate', manifest=outcome.manifest))}")
    return "\n".join(lines)


def _name_columns(outcome: ImportOutcome) -> Iterator[str]:
    """How a new list was read: a column that became a `meta` may have been meant as something else."""
    columns = outcome.columns
    named = [(columns.header.cell(place).strip(), path) for place, path in columns.paths.items()]
    read = [f"{name} is {column_name(path)}" for name, path in named if _is_renamed(name, path)]
    kept = [name for name, path in named if path[0] == "meta"]
    if read:
        yield safe_text(f"Columns: {', '.join(read)}.")
    if kept:
        yield safe_text(f"Kept as meta, and never sent: {', '.join(kept)}. `--map NAME=KEY` decides otherwise.")


def _is_renamed(name: str, path: FieldPath) -> bool:
    return path[0] != "meta" and normalize_name(name) != normalize_name(column_name(path))


def import_dict(outcome: ImportOutcome) -> dict[str, Any]:
    """The same for programs."""
    changes, columns = outcome.changes, outcome.columns
    return {
        "version": 1,
        "manifest": outcome.manifest,
        "written": outcome.written,
        "columns": {columns.header.cell(place).strip(): column_name(path) for place, path in columns.paths.items()},
        "notices": list(outcome.notices),
        "added": [_edit_dict(edit) for edit in changes.added],
        "changed": [_edit_dict(edit) for edit in changes.changed],
        "missing": [row.id for row in changes.missing],
        "removed": outcome.removed,
        "unchanged": changes.unchanged,
        "rejected": [{"row": each.row.number, "reason": each.reason} for each in changes.rejected],
        "rejected_file": outcome.rejected_file or None,
    }


def _edit_dict(edit: ShotEdit) -> dict[str, Any]:
    values = {".".join(path): plain_numbers(value) for path, value in edit.values.items()}
    return {"row": edit.row.number, "shot": edit.id, "values": values}


def _list_shots(word: str, edits: tuple[ShotEdit, ...], style: TextStyle) -> Iterator[str]:
    for edit in edits[:_SHOWN]:
        yield f"{word:<8} {style.bold(safe_text(edit.id))}"
        if edit.before:
            yield from (f"         {line}" for line in _list_values(edit))
    yield from _list_more(len(edits), f"{word} shot")


def _list_values(edit: ShotEdit) -> Iterator[str]:
    for path in edit.values:
        old, new = (_shown(path, values.get(path)) for values in (edit.before, edit.after))
        yield f"{safe_text(column_name(path))}: {old} → {new}"


def _shown(path: FieldPath, value: Any) -> str:
    text = str(plain_numbers(value)) if path == CUT and value is not None else format_value(path, value)
    line = single_line(text)
    return f'"{line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"}"' if text else "nothing"


def _list_missing(changes: SheetChanges, style: TextStyle, *, removed: bool) -> Iterator[str]:
    word = "removed" if removed else "missing"
    yield from (f"{word:<8} {style.bold(safe_text(row.id))}" for row in changes.missing[:_SHOWN])
    yield from _list_more(len(changes.missing), f"{word} shot")
    if changes.missing and not removed:
        yield "Shots that are missing in the table stay in the manifest; --remove-missing takes them out."


def _list_more(number: int, noun: str) -> Iterator[str]:
    if number > _SHOWN:
        yield f"… and {count(number - _SHOWN, f'more {noun}')}"


def _sum_up(outcome: ImportOutcome) -> str:
    changes = outcome.changes
    parts = [
        (len(changes.added), "new"),
        (len(changes.changed), "changed"),
        (changes.unchanged, "unchanged"),
        (len(changes.missing), "removed" if outcome.removed else "missing"),
        (len(changes.rejected), "not taken"),
    ]
    sums = ", ".join(f"{number:,} {word}" for number, word in parts if number) or "no shots"
    if outcome.dry_run:
        end = "Nothing was written (--dry-run)."
    elif outcome.written:
        end = "Written." if outcome.is_new else "Updated."
    else:
        end = "Nothing to do."
    return f"{safe_text(outcome.manifest)}: {sums}. {end}"
