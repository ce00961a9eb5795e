"""What counts for a shot: the schema's defaults, the manifest's, its sequence's, its own, and its cell's.

The nearest level that writes a value decides; tags add up. Each value knows where it is written.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hailuo_batch.core.manifest.document import (
    NO_SETTINGS,
    Cut,
    Duration,
    Frames,
    Manifest,
    Meta,
    Override,
    Settings,
    ShotEntry,
)
from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.core.switches import DEFAULT_SWITCHES, SwitchValues, override_switches

TagList = tuple[DocumentPath, tuple[str, ...]]  # tags, and where that list is


_NO_PLACES: Mapping[str, DocumentPath] = {}


class ResolvedSettings(NamedTuple):
    """Settings with no value missing; `places` has the path of each that is written."""

    duration: Duration = 6
    resolution: str = "768p"
    takes: int = 1
    style: str = "none"
    switches: SwitchValues = DEFAULT_SWITCHES
    providers: tuple[str, ...] = ()
    tags: tuple[TagList, ...] = ()
    notes: str = ""
    places: Mapping[str, DocumentPath] = _NO_PLACES


def overlay_settings(base: ResolvedSettings, own: Settings, place: DocumentPath) -> ResolvedSettings:
    """What is written at `place`, else what counts without it."""
    if own is NO_SETTINGS:
        return base
    duration, resolution, takes, style, switches, providers, tags, notes, places = base
    places = {**places}  # one by one, as most shots write one value at most, and there may be 100,000
    if own.duration is not None:
        duration, places["duration"] = own.duration, (*place, "duration")
    if own.resolution is not None:
        resolution, places["resolution"] = own.resolution, (*place, "resolution")
    if own.takes is not None:
        takes, places["takes"] = own.takes, (*place, "takes")
    if own.style is not None:
        style, places["style"] = own.style, (*place, "style")
    if own.notes is not None:
        notes, places["notes"] = own.notes, (*place, "notes")
    if own.switches:
        switches = override_switches(switches, own.switches)
        places |= {name: (*place, name) for name, _ in own.switches}
    if own.providers:
        providers, places["providers"] = own.providers, (*place, "providers")
    if own.tags:
        tags = (*tags, ((*place, "tags"), own.tags))
    return ResolvedSettings(duration, resolution, takes, style, switches, providers, tags, notes, places)


class CellTexts(NamedTuple):
    """What is filled in for one cell: `words` in ids, tags and frames, `phrases` in prompts and notes.

    `overrides` are the numbers of the overrides that fit it.
    """

    words: Mapping[str, str]
    phrases: Mapping[str, str]
    overrides: tuple[int, ...] = ()


class CellEntry(NamedTuple):
    """What a shot is made from: an entry of the list, with all that counts for some of its cells.

    `prompt_place` and `frames_place` are the mappings in which these are written.
    """

    entry: ShotEntry
    settings: ResolvedSettings
    prompt: str
    frames: Frames
    notes: str
    tags: tuple[TagList, ...]
    prompt_place: DocumentPath
    frames_place: DocumentPath
    notes_path: DocumentPath
    cut: Cut | None
    meta: Meta


def make_cell_entry(entry: ShotEntry, base: ResolvedSettings) -> CellEntry:
    """The entry with its own values before those of `base`."""
    here: DocumentPath = ("shots", entry.index)
    settings = overlay_settings(base, entry.settings, here)
    if entry.cut is not None:
        settings = _add_place(settings, "cut", here)
    notes, notes_path = entry.notes, (*here, "notes")
    if notes is None:
        notes, notes_path = settings.notes, settings.places.get("notes", here)
    tags = (*base.tags, ((*here, "tags"), entry.tags)) if entry.tags else base.tags
    return CellEntry(
        entry, settings, entry.prompt, entry.frames, notes, tags, here, here, notes_path, entry.cut, entry.meta
    )


def _add_place(settings: ResolvedSettings, name: str, place: DocumentPath) -> ResolvedSettings:
    return settings._replace(places={**settings.places, name: (*place, name)})


def override_cell_entry(cell: CellEntry, number: int, override: Override) -> CellEntry:
    """The same with the values of the override at `number` before its own."""
    place: DocumentPath = ("shots", cell.entry.index, "overrides", number)
    own = override.settings
    settings = overlay_settings(cell.settings, own, place)
    if override.cut is not None:
        settings = _add_place(settings, "cut", place)
    if override.frames is not None:
        settings = _add_place(settings, "frames", place)
    changes: dict[str, Any] = {"settings": settings, "cut": override.cut or cell.cut}
    if override.meta:
        changes["meta"] = tuple({**dict(cell.meta), **dict(override.meta)}.items())
    if override.prompt is not None:
        changes |= {"prompt": override.prompt, "prompt_place": place}
    if override.frames is not None:
        changes |= {"frames": override.frames, "frames_place": place}
    if own.notes is not None:
        changes |= {"notes": own.notes, "notes_path": (*place, "notes")}
    if own.tags:
        changes["tags"] = (*cell.tags, ((*place, "tags"), own.tags))
    return cell._replace(**changes)


def list_provider_choices(manifest: Manifest) -> Iterator[tuple[DocumentPath, tuple[str, ...]]]:
    """Each list of providers that is written for some shots, with its place."""
    for settings, path in _list_settings(manifest):
        if settings.providers:
            yield (*path, "providers"), settings.providers


def _list_settings(manifest: Manifest) -> Iterator[tuple[Settings, DocumentPath]]:
    yield manifest.defaults, ("defaults",)
    for sequence in manifest.sequences:
        yield sequence.defaults, ("sequences", sequence.index, "defaults")
    for entry in manifest.shots:
        if entry.settings is not NO_SETTINGS:
            yield entry.settings, ("shots", entry.index)
        for number, override in enumerate(entry.overrides):
            yield override.settings, ("shots", entry.index, "overrides", number)
