"""Manifest → shots: names filled in, defaults merged, matrices unrolled, ids unique, order as written.

Every problem is collected; a shot with a problem of its own is left out of the result. Nothing here knows what
providers sell (`offers.py`) or whether a file exists (`load/inputs.py`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import prod
from typing import TypeVar

from hailuo_batch.core.manifest.camera import CROWDED, UNKNOWN, Remark, remarks, spell, why_told
from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    NO_SETTINGS,
    Duration,
    FileFrame,
    Frame,
    Frames,
    Manifest,
    Settings,
    ShotEntry,
    ShotFrame,
    Style,
    UrlFrame,
)
from hailuo_batch.core.manifest.frame_links import references
from hailuo_batch.core.manifest.interpolate import UnfilledError, fill, quoted, text, variables
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Path, Problem, Severity, did_you_mean

MOST_SHOTS = 200_000  # of one manifest, after its matrices
MOST_TEXT = MOST_SHOTS * 2_000  # characters of all prompts together: each as long as the model reads
MOST_BLAMED = 1_000  # shots of one matrix, which share most of their mistakes

T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def expand(manifest: Manifest) -> tuple[tuple[Shot, ...], tuple[Problem, ...]]:
    """All shots in the order they are written, and everything that is wrong with them."""
    names, found = variables(manifest.variables)
    problems = list(found)
    styles = _styles(manifest.styles, names, problems)
    crowd = sum(_copies(entry) for entry in manifest.shots)
    if crowd > MOST_SHOTS:
        return (), (*problems, _too_many(crowd))
    base = _base(manifest.defaults, styles, problems)
    shots: list[Shot] = []
    ids = {entry.id for entry in manifest.shots}  # those of shots with problems too: who names them is not to blame
    length = 0
    for entry in manifest.shots:
        plain = base if entry.settings is NO_SETTINGS else _resolve(entry.settings, base)
        wrong: dict[Problem, None] = {}
        blamed = 0
        for bound in _unroll(entry):
            filled = {**names, **bound} if bound else names
            try:
                shots.append(_shot(entry, filled, plain, styles))
                length += len(shots[-1].prompt)
            except UnfilledError:
                blamed += 1
                if blamed <= MOST_BLAMED:
                    _blame(entry, filled, plain, styles, wrong, ids)
        problems += wrong
        if length > MOST_TEXT:
            return (), (*problems, _too_much(entry.index))
    problems += _clashes(shots)
    problems += references(shots, ids)
    return tuple(shots), tuple(problems)


def _too_many(crowd: int) -> Problem:
    why = f"the matrices make {crowd:,} shots; one manifest holds {MOST_SHOTS:,} at most."
    remedy = "Split it into several manifests."
    return Problem(code="shots-many", summary="too many shots", why=why, remedy=remedy, path=("shots",))


def _too_much(index: int) -> Problem:
    why = f"the prompts have more than {MOST_TEXT:,} characters together, once their names are filled in."
    remedy = "Split the list into several manifests."
    return Problem(code="text-long", summary="text too long", why=why, remedy=remedy, path=("shots", index))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resolved:
    """Settings with nothing left open."""

    duration: Duration = 6
    resolution: str = "768p"
    takes: int = 1
    style: str = "none"
    prompt_optimizer: bool = True
    fast_pretreatment: bool = False
    watermark: bool = False
    said: frozenset[str] = frozenset()  # what the manifest's defaults say


def _resolve(own: Settings, base: _Resolved = _Resolved()) -> _Resolved:
    """What is written, else what stands in the manifest's defaults, else the schema's default."""
    return _Resolved(
        said=base.said,
        duration=_or(own.duration, base.duration),
        resolution=_or(own.resolution, base.resolution),
        takes=_or(own.takes, base.takes),
        style=_or(own.style, base.style),
        prompt_optimizer=_or(own.prompt_optimizer, base.prompt_optimizer),
        fast_pretreatment=_or(own.fast_pretreatment, base.fast_pretreatment),
        watermark=_or(own.watermark, base.watermark),
    )


def _or(own: T | None, default: T) -> T:
    return default if own is None else own


def cautions(shots: tuple[Shot, ...]) -> Iterator[Problem]:
    """Warnings about brackets, one of a kind for each entry of the manifest, however many brackets and shots it has."""
    found: dict[tuple[int, str], dict[str, Remark]] = {}
    first: dict[int, str] = {}
    for shot in shots:
        for remark in remarks(shot.prompt) if "[" in shot.prompt else ():
            first.setdefault(shot.index, shot.id)
            found.setdefault((shot.index, remark.code), {}).setdefault(remark.bracket, remark)
    for (index, code), brackets in found.items():
        yield Problem(
            code=code,
            summary=_BRACKETS[code],
            why=f'shot "{first[index]}": {why_told(tuple(brackets.values()))}',
            path=("shots", index, "prompt"),
            severity=Severity.WARNING,
        )


_BRACKETS = {UNKNOWN: "no camera command", CROWDED: "many camera moves at once"}


def _styles(styles: Mapping[str, Style], names: Mapping[str, str], problems: list[Problem]) -> dict[str, Style]:
    filled = {"none": Style()}
    for name, style in styles.items():
        filled[name] = Style()
        for end in ("prefix", "suffix"):
            try:
                filled[name] = replace(filled[name], **{end: fill(getattr(style, end), names)})
            except UnfilledError as wrong:
                problems.append(wrong.at(("styles", name, end)))
    return filled


def _copies(entry: ShotEntry) -> int:
    return prod(len(values) for values in entry.matrix.values())


def _unroll(entry: ShotEntry) -> Iterator[dict[str, str]]:
    if not entry.matrix:
        return iter(({},))
    rows = product(*([text(value) for value in values] for values in entry.matrix.values()))
    return (dict(zip(entry.matrix, row, strict=True)) for row in rows)


def _base(defaults: Settings, styles: Mapping[str, Style], problems: list[Problem]) -> _Resolved:
    """The manifest's defaults; a style that is not there is said once, and not at every shot."""
    said = frozenset(name for name in Settings.__slots__ if getattr(defaults, name) is not None)
    base = replace(_resolve(defaults), said=said)
    try:
        _style(base.style, styles)
    except UnfilledError as wrong:
        problems.append(wrong.at(("defaults", "style")))
        return replace(base, style="none")
    return base


def _shot(entry: ShotEntry, names: Mapping[str, str], plain: _Resolved, styles: Mapping[str, Style]) -> Shot:
    return Shot(
        id=_id(fill(entry.id, names)),
        index=entry.index,
        prompt=_prompt(entry, names, _style(plain.style, styles)),
        frames=entry.frames if entry.frames is NO_FRAMES else _fill_frames(entry.frames, names),
        duration=plain.duration,
        resolution=plain.resolution,
        takes=plain.takes,
        tags=tuple(fill(tag, names) for tag in entry.tags) if entry.tags else (),
        prompt_optimizer=plain.prompt_optimizer,
        fast_pretreatment=plain.fast_pretreatment,
        watermark=plain.watermark,
        notes=fill(entry.notes, names) if entry.notes else "",
        duration_at=_said_at("duration", entry, plain),
        resolution_at=_said_at("resolution", entry, plain),
    )


def _said_at(name: str, entry: ShotEntry, plain: _Resolved) -> Path:
    """Where the manifest says a setting of a shot: at the shot or under its defaults; the shot itself if nowhere."""
    if getattr(entry.settings, name) is not None:
        return "shots", entry.index, name
    return ("defaults", name) if name in plain.said else ("shots", entry.index)


def _prompt(entry: ShotEntry, names: Mapping[str, str], style: Style) -> str:
    return spell((style.prefix + fill(entry.prompt, names).strip() + style.suffix).strip())


def _blame(
    entry: ShotEntry,
    names: Mapping[str, str],
    plain: _Resolved,
    styles: Mapping[str, Style],
    wrong: dict[Problem, None],
    ids: set[str],
) -> None:
    """Everything that is wrong with one shot, part by part; its id counts as written all the same."""
    parts: dict[Path, Callable[[], object]] = {
        ("id",): lambda: ids.add(_id(fill(entry.id, names))),
        ("style",): lambda: _style(plain.style, styles),
        ("prompt",): lambda: fill(entry.prompt, names),
        ("frames", "first"): lambda: entry.frames.first and _fill_frame(entry.frames.first, names),
        ("frames", "last"): lambda: entry.frames.last and _fill_frame(entry.frames.last, names),
        ("notes",): lambda: fill(entry.notes, names),
        **{("tags", place): partial(fill, tag, names) for place, tag in enumerate(entry.tags)},
    }
    for path, make in parts.items():
        try:
            make()
        except UnfilledError as error:
            wrong[error.at(("shots", entry.index, *path))] = None


def _id(shot_id: str) -> str:
    if _ID.match(shot_id):
        return shot_id
    if len(shot_id) > 64:
        why = f"{quoted(shot_id)} has {len(shot_id)} characters; an id is part of a file name, and may have 64."
        raise UnfilledError("shot-id", "shot id not usable", why, "Make it shorter.")
    why = f"{quoted(shot_id)} is to be part of a file name."
    remedy = "Use letters, digits, dot, dash and underscore, and begin with a letter or digit."
    raise UnfilledError("shot-id", "shot id not usable", why, remedy)


def _style(name: str, styles: Mapping[str, Style]) -> Style:
    if name in styles:
        return styles[name]
    remedy = did_you_mean(name, styles) or "Add it under styles, or take it out."
    raise UnfilledError("style-unknown", "unknown style", f"{quoted(name)} is not under styles.", remedy)


def _fill_frames(frames: Frames, names: Mapping[str, str]) -> Frames:
    return Frames(
        first=None if frames.first is None else _fill_frame(frames.first, names),
        last=None if frames.last is None else _fill_frame(frames.last, names),
    )


def _fill_frame(frame: Frame, names: Mapping[str, str]) -> Frame:
    match frame:
        case FileFrame(path=path):
            filled = fill(path, names)
            return UrlFrame(url=filled) if "://" in filled else FileFrame(path=filled)
        case UrlFrame(url=url):
            return replace(frame, url=fill(url, names))
        case ShotFrame(shot=shot):
            return replace(frame, shot=fill(shot, names))


def _clashes(shots: list[Shot]) -> Iterator[Problem]:
    """Ids that are the same, or would name the same file where letters' case does not count."""
    first_with: dict[str, Shot] = {}
    told = set()
    for shot in shots:
        other = first_with.setdefault(shot.id.casefold(), shot)
        if other is not shot and (shot.index, other.index) not in told:
            told.add((shot.index, other.index))
            yield _clash(shot, other)


def _clash(shot: Shot, other: Shot) -> Problem:
    summary, remedy = "duplicate shot id", "Rename one of them."
    if other.id != shot.id:
        summary = "clash of names"
        why = f'"{shot.id}" and "{other.id}" differ only in case and would name one file on macOS and Windows.'
    elif other.index == shot.index:
        why = f'the matrix makes "{shot.id}" more than once.'
        remedy = "Put every name of the matrix into the id, as in pack-${colour}, and no value twice."
    else:
        why = f'"{shot.id}" is also the id of shot {other.index + 1} of the list.'
    return Problem(code="shot-twice", summary=summary, why=why, remedy=remedy, path=("shots", shot.index, "id"))
