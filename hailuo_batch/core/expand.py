"""Manifest → shots: names filled in, defaults merged, matrices unrolled, ids unique, order as written.

Every problem is collected; a shot with a problem of its own is left out of the result. Nothing here knows what
providers sell (`capability.py`) or whether a file exists (`load/inputs.py`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TypeVar

from hailuo_batch.core.camera import remarks, spell
from hailuo_batch.core.chains import references
from hailuo_batch.core.fill import UnfilledError, clip, fill, text, variables
from hailuo_batch.core.manifest import (
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
from hailuo_batch.core.problem import Problem, Severity, did_you_mean
from hailuo_batch.core.shot import Shot

MOST_SHOTS = 200_000  # of one manifest, after its matrices

T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def expand(manifest: Manifest) -> tuple[tuple[Shot, ...], tuple[Problem, ...]]:
    """All shots in the order they are written, and everything that is wrong with them."""
    names, found = variables(manifest.variables)
    problems = list(found)
    styles = _styles(manifest.styles, names, problems)
    crowd = sum(_copies(entry) for entry in manifest.shots)
    if crowd > MOST_SHOTS:
        why = f"The matrices make {crowd:,} shots; one manifest holds {MOST_SHOTS:,} at most."
        return (), (*problems, Problem(code="shots-many", summary="too many shots", why=why, path=("shots",)))
    base = _resolve(manifest.defaults)
    shots: list[Shot] = []
    for entry in manifest.shots:
        plain = base if entry.settings is NO_SETTINGS else _resolve(entry.settings, base)
        for bound in _unroll(entry):
            shot = _shot(entry, {**names, **bound} if bound else names, plain, styles, problems)
            if shot is not None:
                shots.append(shot)
    problems += _clashes(shots)
    problems += references(shots, {entry.id for entry in manifest.shots})
    return tuple(shots), tuple(problems)


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


def _resolve(own: Settings, base: _Resolved = _Resolved()) -> _Resolved:
    """What is written, else what stands in the manifest's defaults, else the schema's default."""
    return _Resolved(
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
    """Warnings about camera brackets, one for each place in the manifest."""
    seen = set()
    for shot in shots:
        for remark in remarks(shot.prompt) if "[" in shot.prompt else ():
            if (shot.index, remark.bracket) not in seen:
                seen.add((shot.index, remark.bracket))
                yield Problem(
                    code=remark.code,
                    summary="camera command",
                    why=f'shot "{shot.id}": {remark.why}',
                    path=("shots", shot.index, "prompt"),
                    severity=Severity.WARNING,
                )


def _styles(styles: Mapping[str, Style], names: Mapping[str, str], problems: list[Problem]) -> dict[str, Style]:
    filled = {"none": Style()}
    for name, style in styles.items():
        filled[name] = Style()
        try:
            filled[name] = Style(prefix=fill(style.prefix, names), suffix=fill(style.suffix, names))
        except UnfilledError as wrong:
            problems.append(wrong.at(("styles", name)))
    return filled


def _copies(entry: ShotEntry) -> int:
    return prod(len(values) for values in entry.matrix.values())


def _unroll(entry: ShotEntry) -> Iterator[dict[str, str]]:
    if not entry.matrix:
        return iter(({},))
    rows = product(*([text(value) for value in values] for values in entry.matrix.values()))
    return (dict(zip(entry.matrix, row, strict=True)) for row in rows)


def _shot(
    entry: ShotEntry,
    names: Mapping[str, str],
    plain: _Resolved,
    styles: Mapping[str, Style],
    problems: list[Problem],
) -> Shot | None:
    field = "id"
    try:
        shot_id = _id(fill(entry.id, names))
        field = "style"
        style = _style(plain.style, styles)
        field = "prompt"
        prompt = (style.prefix + fill(entry.prompt, names).strip() + style.suffix).strip()
        field = "frames"
        frames = entry.frames if entry.frames is NO_FRAMES else _fill_frames(entry.frames, names)
        field = "tags"
        tags = tuple(fill(tag, names) for tag in entry.tags) if entry.tags else ()
        field = "notes"
        notes = fill(entry.notes, names) if entry.notes else ""
    except UnfilledError as wrong:
        problems.append(wrong.at(("shots", entry.index, field)))
        return None
    return Shot(
        id=shot_id,
        index=entry.index,
        prompt=spell(prompt),
        frames=frames,
        duration=plain.duration,
        resolution=plain.resolution,
        takes=plain.takes,
        tags=tags,
        prompt_optimizer=plain.prompt_optimizer,
        fast_pretreatment=plain.fast_pretreatment,
        watermark=plain.watermark,
        notes=notes,
    )


def _id(shot_id: str) -> str:
    if _ID.match(shot_id):
        return shot_id
    why = f"{clip(shot_id)!r} has characters that file names should not have, or more than 64 of them."
    raise UnfilledError("shot-id", "shot id not usable", why, "Use letters, digits, dot, dash and underscore.")


def _style(name: str, styles: Mapping[str, Style]) -> Style:
    if name in styles:
        return styles[name]
    raise UnfilledError("style-unknown", "unknown style", f'"{name}" is not under styles.', did_you_mean(name, styles))


def _fill_frames(frames: Frames, names: Mapping[str, str]) -> Frames:
    return Frames(
        first=None if frames.first is None else _fill_frame(frames.first, names),
        last=None if frames.last is None else _fill_frame(frames.last, names),
    )


def _fill_frame(frame: Frame, names: Mapping[str, str]) -> Frame:
    match frame:
        case FileFrame(path=path):
            return FileFrame(path=fill(path, names))
        case UrlFrame(url=url):
            return replace(frame, url=fill(url, names))
        case ShotFrame(shot=shot):
            return replace(frame, shot=fill(shot, names))


def _clashes(shots: list[Shot]) -> Iterator[Problem]:
    """Ids that are the same, or would name the same file where letters' case does not count."""
    first_with: dict[str, Shot] = {}
    for shot in shots:
        other = first_with.setdefault(shot.id.casefold(), shot)
        if other is shot:
            continue
        where = ("shots", shot.index, "id")
        if other.index == shot.index:
            why = f'the matrix makes "{shot.id}" more than once.'
            yield Problem(
                code="shot-twice", summary="duplicate shot id", why=why, path=where,
                remedy="Put every name of the matrix into the id, as in pack-${colour}.",
            )  # fmt: skip
        elif other.id == shot.id:
            why = f'"{shot.id}" is also the id of shot {other.index + 1} of the list.'
            yield Problem(
                code="shot-twice", summary="duplicate shot id", why=why, remedy="Rename one of them.", path=where
            )
        else:
            why = f'"{shot.id}" and "{other.id}" differ only in case and would name one file on macOS and Windows.'
            yield Problem(
                code="shot-twice", summary="clash of names", why=why, remedy="Rename one of them.", path=where
            )
