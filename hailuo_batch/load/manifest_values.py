"""A tree that the schema holds for → Manifest. Knows the names of keys, and nothing of files, lines or problems."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    NO_SETTINGS,
    Budget,
    Cell,
    Cut,
    Duration,
    EnvVariable,
    FileFrame,
    Frame,
    FrameRole,
    Frames,
    Manifest,
    Meta,
    Override,
    Rights,
    Scalar,
    Sequence,
    Settings,
    ShotEntry,
    ShotFrame,
    Style,
    UrlFrame,
)
from hailuo_batch.core.manifest.interpolate import scalar_text
from hailuo_batch.core.manifest.lengths import make_duration
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.switches import SWITCH_NAMES, SwitchValues, pick_switches

_SWITCHES = frozenset(SWITCH_NAMES)
_SETTING_NAMES = frozenset({"duration", "resolution", "takes", "style", "providers", *SWITCH_NAMES})
_USUAL_NAMES = frozenset({"id", "prompt", "frames", "tags", "notes", *_SETTING_NAMES})  # of most shots


def make_manifest(tree: Mapping[str, Any]) -> Manifest:
    """The values of a manifest, as the user wrote them."""
    budget = tree.get("budget")
    return Manifest(
        campaign=tree["campaign"],
        model=tree.get("model", DEFAULT_MODEL),
        providers=tuple(tree.get("providers", ())),
        budget=Budget(amount=Decimal(str(budget["max"])), currency=budget["currency"].upper()) if budget else None,
        variables={name: _variable(value) for name, value in tree.get("vars", {}).items()},
        styles={name: _style(style) for name, style in tree.get("styles", {}).items()},
        defaults=_settings(tree.get("defaults", {})),
        shots=tuple(_shot_entry(index, shot) for index, shot in enumerate(tree.get("shots", ()))),
        sequences=tuple(_sequence(index, entry) for index, entry in enumerate(tree.get("sequences", ()))),
        meta=_meta(tree),
    )


def _variable(value: Scalar | Mapping[str, Any]) -> Scalar | EnvVariable:
    return EnvVariable(env=value["env"], default=value.get("default")) if isinstance(value, Mapping) else value


def _style(style: Mapping[str, Any]) -> Style:
    variants = {name: _style(variant) for name, variant in style.get("variants", {}).items()}
    return Style(prefix=style.get("prefix", ""), suffix=style.get("suffix", ""), variants=variants)


def _sequence(index: int, entry: Mapping[str, Any]) -> Sequence:
    return Sequence(
        index=index,
        id=entry["id"],
        title=entry.get("title", ""),
        defaults=_settings(entry.get("defaults", {})),
        settings=_settings({key: entry[key] for key in ("style", "tags") if key in entry}),
        notes=entry.get("notes", ""),
        meta=_meta(entry),
    )


def _shot_entry(index: int, shot: Mapping[str, Any]) -> ShotEntry:
    return ShotEntry(
        index=index,
        id=shot["id"],
        prompt=shot.get("prompt", ""),
        frames=_frames(shot["frames"]) if "frames" in shot else NO_FRAMES,
        settings=NO_SETTINGS if _SETTING_NAMES.isdisjoint(shot) else _settings(shot, of_shot=True),
        tags=tuple(shot["tags"]) if "tags" in shot else (),
        notes=shot.get("notes"),
        **(_NOTHING_MORE if shot.keys() <= _USUAL_NAMES else _rest_of_entry(shot)),
    )


_NOTHING_MORE: Mapping[str, Any] = {}


def _rest_of_entry(shot: Mapping[str, Any]) -> dict[str, Any]:
    """What few shots have."""
    matrix = {name: _matrix_values(values) for name, values in shot.get("matrix", {}).items()}
    return {
        "matrix": matrix,
        "exclude": tuple(_cell(cell) for cell in shot.get("exclude", ())),
        "include": tuple(_added_cell(cell, matrix) for cell in shot.get("include", ())),
        "overrides": tuple(_override(each) for each in shot.get("overrides", ())),
        "cut": _cut(shot.get("cut")),
        "sequence": shot.get("sequence", ""),
        "meta": _meta(shot),
    }


def _matrix_values(values: Iterable[Scalar] | Mapping[str, Scalar]) -> Mapping[str, str]:
    """Each word of a matrix with its phrase."""
    if isinstance(values, Mapping):
        return {scalar_text(word): scalar_text(phrase) for word, phrase in values.items()}
    return {word: word for word in map(scalar_text, values)}


def _cell(cell: Mapping[str, Scalar]) -> Cell:
    return {name: scalar_text(word) for name, word in cell.items()}


def _added_cell(cell: Mapping[str, Any], matrix: Mapping[str, Mapping[str, str]]) -> Mapping[str, tuple[str, str]]:
    """Word and phrase by name; the phrase of a word that the matrix has is the matrix's."""
    added = {}
    for name, value in cell.items():
        word, phrase = next(iter(value.items())) if isinstance(value, Mapping) else (value, None)
        known = matrix.get(name, {}).get(scalar_text(word), scalar_text(word))
        added[name] = scalar_text(word), known if phrase is None else scalar_text(phrase)
    return added


def _override(entry: Mapping[str, Any]) -> Override:
    return Override(
        where=_cell(entry["where"]),
        settings=_settings(entry),
        prompt=entry.get("prompt"),
        frames=_frames(entry["frames"]) if "frames" in entry else None,
        cut=_cut(entry.get("cut")),
        meta=_meta(entry),
    )


def _settings(values: Mapping[str, Any], *, of_shot: bool = False) -> Settings:
    """What is written of a shot's settings; a shot keeps its own tags and notes elsewhere."""
    duration = values.get("duration")
    takes = values.get("takes")
    return _share_settings(
        # 6.0 is a whole number to JSON Schema and to the user: it is 6 from here on.
        make_duration(Decimal(str(duration))) if isinstance(duration, float) else duration,
        values.get("resolution"),
        int(takes) if takes is not None else None,
        values.get("style"),
        () if _SWITCHES.isdisjoint(values) else pick_switches(values),
        tuple(values["providers"]) if "providers" in values else (),
        () if of_shot or "tags" not in values else tuple(values["tags"]),
        None if of_shot else values.get("notes"),
    )


@lru_cache(maxsize=1024)  # thousands of shots have the same few settings
def _share_settings(
    duration: Duration | None,
    resolution: str | None,
    takes: int | None,
    style: str | None,
    switches: SwitchValues,
    providers: tuple[str, ...],
    tags: tuple[str, ...],
    notes: str | None,
) -> Settings:
    return Settings(
        duration=duration,
        resolution=resolution,
        takes=takes,
        style=style,
        switches=switches,
        providers=providers,
        tags=tags,
        notes=notes,
    )


def _cut(cut: float | Mapping[str, float] | None) -> Cut | None:
    if cut is None:
        return None
    start, end = (cut.get("in", 0), cut["out"]) if isinstance(cut, Mapping) else (0, cut)
    return Cut(start=Decimal(str(start)), end=Decimal(str(end)))


def _meta(entry: Mapping[str, Any]) -> Meta:
    """The columns of the user's own: those below `meta`, and those whose names begin with `x-`."""
    own = ((name, value) for name, value in entry.items() if name.startswith("x-"))
    return (*entry.get("meta", {}).items(), *own)


def _frames(frames: Mapping[str, Any]) -> Frames:
    first, last = frames.get("first"), frames.get("last")
    if first is None and last is None:
        return NO_FRAMES
    return Frames(first=_frame(first) if first else None, last=_frame(last) if last else None)


def _frame(frame: str | Mapping[str, Any]) -> Frame:
    if isinstance(frame, str):
        return UrlFrame(url=frame) if "://" in frame else FileFrame(path=frame)
    if "shot" in frame:
        return ShotFrame(shot=frame["shot"], frame=FrameRole(frame.get("frame", "last")))
    rights = Rights(**{name: frame["rights"].get(name, "") for name in Rights.__slots__}) if "rights" in frame else None
    if "file" in frame:
        return FileFrame(path=frame["file"], rights=rights)
    return UrlFrame(url=frame["url"], sha256=frame.get("sha256"), rights=rights)
