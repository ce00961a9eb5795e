"""Each shot of a manifest as a row: what is written for it, at whichever level, with placeholders as they are.

The order of values is that of the manifest: the schema's defaults, those of the manifest, the sequence, the shot, and
the overrides of its cell. Tags add up; of the others, the nearest one counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from hailuo_batch.core.manifest.document import (
    NO_SETTINGS,
    Cell,
    Cut,
    Frames,
    Manifest,
    Meta,
    Override,
    Settings,
    ShotEntry,
)
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.sheet.cells import cut_value, frame_value
from hailuo_batch.core.sheet.columns import (
    CUT,
    DURATION,
    FIRST,
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
)
from hailuo_batch.core.switches import DEFAULT_SWITCHES

Values = dict[FieldPath, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """What one level of the manifest writes."""

    settings: Settings = NO_SETTINGS
    tags: tuple[str, ...] = ()
    notes: str | None = None
    prompt: str | None = None
    frames: Frames | None = None
    cut: Cut | None = None
    sequence: str = ""
    meta: Meta = field(default=(), hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotRow:
    """One shot: its `values`, and those that it has without what is its own (`inherited`).

    What is a shot's own is its entry, or the override that names exactly its cell of the matrix.
    """

    id: str
    entry: int
    cell: Cell
    override: int | None  # the place of that override
    values: Values
    inherited: Values


def make_shot_rows(manifest: Manifest, shots: Iterable[Shot]) -> tuple[ShotRow, ...]:
    """A row for each shot, in the order of the shots."""
    entries = {entry.index: entry for entry in manifest.shots}
    cells: dict[int, Iterator[Cell]] = {}
    rows = []
    for shot in shots:
        entry = entries[shot.index]
        cell = next(cells.setdefault(entry.index, list_cells(entry)), {})
        rows.append(_make_row(manifest, entry, shot.id, cell))
    return tuple(rows)


def list_cells(entry: ShotEntry) -> Iterator[Cell]:
    """The words of each cell of a matrix, in the order of its shots."""
    if not entry.matrix:
        yield {}
        return
    for words in product(*entry.matrix.values()):
        cell = dict(zip(entry.matrix, words, strict=True))
        if not any(fits(where, cell) for where in entry.exclude):
            yield cell
    for added in entry.include:
        yield {name: added[name][0] for name in entry.matrix if name in added}


def fits(where: Cell, cell: Cell) -> bool:
    """Whether a cell is meant by some of its words."""
    return all(cell.get(name) == word for name, word in where.items())


def inherited_values(manifest: Manifest, sequence: str) -> Values:
    """What a shot of this sequence has when it writes nothing."""
    return _resolve(_base_levels(manifest, sequence))


def _make_row(manifest: Manifest, entry: ShotEntry, shot_id: str, cell: Cell) -> ShotRow:
    base = _base_levels(manifest, entry.sequence)
    own = [*base, _entry_level(entry)]
    fitting = [(place, each) for place, each in enumerate(entry.overrides) if fits(each.where, cell)]
    exact = next((place for place, each in reversed(fitting) if each.where == cell), None) if cell else None
    if fitting and exact != fitting[-1][0]:
        exact = None  # one behind it would count instead
    values = _resolve([*own, *(_override_level(each) for _, each in fitting)])
    without = [*own, *(_override_level(each) for place, each in fitting if place != exact)] if cell else base
    return ShotRow(
        id=shot_id, entry=entry.index, cell=cell, override=exact, values=values, inherited=_resolve(without)
    )  # fmt: skip


def _base_levels(manifest: Manifest, sequence: str) -> list[_Level]:
    levels = [_settings_level(manifest.defaults)]
    return [
        *levels,
        *(_settings_level(each.settings) for each in manifest.sequences if sequence and each.id == sequence),
    ]


def _settings_level(settings: Settings) -> _Level:
    return _Level(settings=settings, tags=settings.tags, notes=settings.notes)


def _entry_level(entry: ShotEntry) -> _Level:
    return _Level(
        settings=entry.settings,
        tags=entry.tags,
        notes=entry.notes or None,
        prompt=entry.prompt,
        frames=entry.frames,
        cut=entry.cut,
        sequence=entry.sequence,
        meta=entry.meta,
    )


def _override_level(override: Override) -> _Level:
    return _Level(
        settings=override.settings,
        tags=override.settings.tags,
        notes=override.settings.notes,
        prompt=override.prompt,
        frames=override.frames,
        cut=override.cut,
        meta=override.meta,
    )


def _resolve(levels: Iterable[_Level]) -> Values:
    values: Values = {
        SEQUENCE: None, PROMPT: None, DURATION: 6, CUT: None, RESOLUTION: "768p", TAKES: 1, STYLE: "none", TAGS: [],
        PROVIDERS: None, FIRST: None, LAST: None, NOTES: None, **{(name,): on for name, on in DEFAULT_SWITCHES},
    }  # fmt: skip
    for level in levels:
        _apply(values, level)
    for path in (TAGS, PROMPT, NOTES):
        values[path] = values[path] or None
    return values


def _apply(values: Values, level: _Level) -> None:
    settings = level.settings
    if settings.duration is not None or level.cut is not None:  # the nearest level that writes one of them decides
        values[DURATION], values[CUT] = settings.duration, cut_value(level.cut)
    if level.frames is not None:
        values[FIRST] = frame_value(level.frames.first) or values[FIRST]
        values[LAST] = frame_value(level.frames.last) or values[LAST]
    written: Mapping[FieldPath, Any] = {
        SEQUENCE: level.sequence or None,
        PROMPT: level.prompt,
        RESOLUTION: settings.resolution,
        TAKES: settings.takes,
        STYLE: settings.style,
        PROVIDERS: list(settings.providers) or None,
        NOTES: level.notes,
        **{(name,): on for name, on in settings.switches},
        **{("meta", name): value for name, value in level.meta},
    }
    values.update({path: value for path, value in written.items() if value is not None})
    values[TAGS] = list(dict.fromkeys([*values[TAGS], *level.tags]))
