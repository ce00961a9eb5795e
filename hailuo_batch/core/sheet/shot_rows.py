"""Each shot of a manifest as a row: what is written for it, at whichever level, with placeholders as they are.

The order of values is that of the manifest: the schema's defaults, those of the manifest, the sequence, the shot, and
the overrides of its cell. Tags add up; of the others, the nearest one counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
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
from hailuo_batch.core.manifest.matrix import unroll_matrix
from hailuo_batch.core.manifest.settings import CellTexts
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.sheet.cells import cut_value, duration_value, frame_value
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
from hailuo_batch.values import dataclass

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

    What is a shot's own is its entry, or the override that names exactly its cell of the matrix. `defaults` are what
    manifest and sequence say.
    """

    id: str
    entry: int
    cell: Cell
    override: int | None  # the place of that override
    values: Values
    inherited: Values
    defaults: Values


def make_shot_rows(manifest: Manifest, shots: Iterable[Shot]) -> tuple[ShotRow, ...]:
    """A row for each shot, in the order of the shots."""
    entries = {entry.index: entry for entry in manifest.shots}
    cells: dict[int, Iterator[CellTexts]] = {}
    rows = []
    for shot in shots:
        entry = entries[shot.index]
        found = next(cells.setdefault(entry.index, unroll_matrix(entry, CellTexts({}, {}), {})))
        cell = {name: found.words[name] for name in entry.matrix}
        rows.append(_make_row(manifest, entry, shot.id, cell, found.overrides))
    return tuple(rows)


def inherited_values(manifest: Manifest, sequence: str) -> Values:
    """What a shot of this sequence has when it writes nothing."""
    return _resolve(_base_levels(manifest, sequence))


def move_row(manifest: Manifest, row: ShotRow, sequence: str) -> ShotRow:
    """A shot without a matrix as it is in another sequence, where nothing of it is changed but its `sequence`."""
    entry = next(entry for entry in manifest.shots if entry.index == row.entry)
    moved = _make_row(manifest, replace(entry, sequence=sequence), row.id, {}, ())
    return replace(moved, values={**moved.values, SEQUENCE: row.values[SEQUENCE]})


def _make_row(manifest: Manifest, entry: ShotEntry, shot_id: str, cell: Cell, fitting: tuple[int, ...]) -> ShotRow:
    base = _base_levels(manifest, entry.sequence)
    own = [*base, _entry_level(entry)]
    # An override of other cells too that stands behind it would count instead.
    exact = fitting[-1] if fitting and entry.overrides[fitting[-1]].where == cell else None
    values = _resolve([*own, *(_override_level(entry.overrides[place]) for place in fitting)])
    others = [_override_level(entry.overrides[place]) for place in fitting if place != exact]
    defaults = _resolve(base)
    inherited = _resolve([*own, *others]) if cell else defaults
    return ShotRow(
        id=shot_id,
        entry=entry.index,
        cell=cell,
        override=exact,
        values=values,
        inherited=inherited,
        defaults=defaults,
    )


def _base_levels(manifest: Manifest, sequence: str) -> list[_Level]:
    levels = [_settings_level(manifest.defaults)]
    for each in manifest.sequences:
        if sequence and each.id == sequence:
            levels += [_settings_level(each.defaults), _settings_level(each.settings)]
    return levels


def _settings_level(settings: Settings) -> _Level:
    return _Level(settings=settings, tags=settings.tags, notes=settings.notes)


def _entry_level(entry: ShotEntry) -> _Level:
    return _Level(
        settings=entry.settings,
        tags=entry.tags,
        notes=entry.notes,
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
    if level.cut is not None:  # where no duration is written as near, it follows the cut
        values[DURATION], values[CUT] = duration_value(settings.duration), cut_value(level.cut)
    elif settings.duration is not None:
        values[DURATION] = duration_value(settings.duration)
    if level.frames is not None:
        values[FIRST], values[LAST] = frame_value(level.frames.first), frame_value(level.frames.last)
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
