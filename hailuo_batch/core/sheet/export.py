"""The shots of a manifest as a table: one row each, in the order of the edit."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hailuo_batch.core.sheet.cells import decimal_text, format_value
from hailuo_batch.core.sheet.columns import (
    CUT,
    CUT_IN,
    CUT_OUT,
    DURATION,
    FIRST,
    ID,
    LAST,
    NOTES,
    PROMPT,
    PROVIDERS,
    RESOLUTION,
    SEQUENCE,
    STYLE,
    TAGS,
    TAKES,
    FieldPath,
    column_name,
)
from hailuo_batch.core.sheet.shot_rows import ShotRow
from hailuo_batch.core.sheet.table import OutputTable
from hailuo_batch.core.switches import DEFAULT_SWITCHES

_USUAL = (SEQUENCE, PROMPT, DURATION, CUT, RESOLUTION, TAKES, STYLE, TAGS, FIRST, LAST, NOTES)
_RARE: Mapping[FieldPath, Any] = {STYLE: "none", PROVIDERS: None, **{(name,): on for name, on in DEFAULT_SWITCHES}}
_NUMBERS = frozenset(map(column_name, (DURATION, CUT, CUT_IN, CUT_OUT, TAKES)))


def make_output_table(rows: Sequence[ShotRow]) -> OutputTable:
    """The table; style, providers and switches only have a column where a shot has other values than usual."""
    usual = [path for path in _cut_columns(_USUAL, rows) if path not in _RARE or _is_used(path, rows)]
    paths = [*usual, *(path for path in _RARE if path not in _USUAL and _is_used(path, rows)), *_metas(rows)]
    return OutputTable(
        header=tuple(map(column_name, (ID, *paths))),
        rows=tuple((row.id, *(_cell_text(row, path) for path in paths)) for row in rows),
        number_columns=_NUMBERS,
    )


def _cut_columns(paths: Iterable[FieldPath], rows: Sequence[ShotRow]) -> Iterable[FieldPath]:
    parts = any(isinstance(row.values.get(CUT), dict) for row in rows)
    for path in paths:
        yield from (CUT_IN, CUT_OUT) if parts and path == CUT else (path,)


def _is_used(path: FieldPath, rows: Sequence[ShotRow]) -> bool:
    return any(row.values[path] != _RARE[path] for row in rows)


def _metas(rows: Sequence[ShotRow]) -> Iterable[FieldPath]:
    return dict.fromkeys(path for row in rows for path in row.values if path[0] == "meta")


def _cell_text(row: ShotRow, path: FieldPath) -> str:
    if path[0] != "cut":
        return format_value(path, row.values.get(path))
    cut = row.values[CUT]
    if cut is None:
        return ""
    start, end = (cut["in"], cut["out"]) if isinstance(cut, dict) else (Decimal(0), cut)
    if path == CUT_IN:
        return decimal_text(start) if start else ""
    return decimal_text(end)
