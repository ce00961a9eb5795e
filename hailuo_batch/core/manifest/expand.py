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

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.camera import (
    CameraRemark,
    camera_remarks,
    describe_remarks,
    normalize_commands,
)
from hailuo_batch.core.manifest.document import (
    NO_FRAMES,
    NO_SETTINGS,
    Duration,
    EnvVariable,
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
from hailuo_batch.core.manifest.frame_links import frame_link_problems
from hailuo_batch.core.manifest.interpolate import (
    InterpolationError,
    fill_placeholders,
    quote_text,
    resolve_variables,
)
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import DocumentPath, Problem, Rule, Suggestions
from hailuo_batch.core.switches import DEFAULT_SWITCHES, SwitchValues, override_switches

MAX_SHOTS = 200_000  # of one manifest, after its matrices
MAX_PROMPT_TEXT = MAX_SHOTS * 2_000  # characters of all prompts together: each as long as the model reads
MAX_SHOTS_DIAGNOSED = 1_000  # shots of one matrix, which share most of their mistakes

T = TypeVar("T")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


def expand(manifest: Manifest) -> tuple[tuple[Shot, ...], tuple[Problem, ...]]:
    """All shots in the order they are written, and everything that is wrong with them."""
    written = {name: value for name, value in manifest.variables.items() if not isinstance(value, EnvVariable)}
    names, found = resolve_variables(written)
    problems = list(found)
    styles = _fill_styles(manifest.styles, names, problems)
    crowd = sum(_count_shots(entry) for entry in manifest.shots)
    if crowd > MAX_SHOTS:
        return (), (*problems, _too_many_shots(crowd))
    base = _resolve_defaults(manifest.defaults, styles, problems)
    shots: list[Shot] = []
    ids = {entry.id for entry in manifest.shots}  # those of shots with problems too: who names them is not to blame
    length, suggestions = 0, Suggestions()
    for entry in manifest.shots:
        plain = base if entry.settings is NO_SETTINGS else _resolve_settings(entry.settings, base)
        wrong: dict[Problem, None] = {}
        blamed = 0
        for bound in _unroll_matrix(entry):
            filled = {**names, **bound} if bound else names
            try:
                shots.append(_make_shot(entry, filled, plain, styles))
                length += len(shots[-1].prompt)
            except InterpolationError:
                blamed += 1
                if blamed <= MAX_SHOTS_DIAGNOSED:
                    _diagnose_shot(entry, filled, plain, styles, wrong, ids, suggestions)
        problems += wrong
        if length > MAX_PROMPT_TEXT:
            return (), (*problems, _too_much_text(entry.index))
    problems += _id_clashes(shots)
    problems += frame_link_problems(shots, ids)
    return tuple(shots), tuple(problems)


def _too_many_shots(count: int) -> Problem:
    why = f"the matrices make {count:,} shots; one manifest holds {MAX_SHOTS:,} at most."
    remedy = "Split it into several manifests."
    return Problem(rule=rules.SHOTS_MANY, why=why, remedy=remedy, path=("shots",))


def _too_much_text(index: int) -> Problem:
    why = f"the prompts have more than {MAX_PROMPT_TEXT:,} characters together, once their names are filled in."
    remedy = "Split the list into several manifests."
    return Problem(rule=rules.TEXT_LONG, why=why, remedy=remedy, path=("shots", index))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ResolvedSettings:
    """Settings with nothing left open."""

    duration: Duration = 6
    resolution: str = "768p"
    takes: int = 1
    style: str = "none"
    switches: SwitchValues = DEFAULT_SWITCHES
    default_names: frozenset[str] = frozenset()  # what the manifest's defaults say


def _resolve_settings(settings: Settings, base: _ResolvedSettings = _ResolvedSettings()) -> _ResolvedSettings:
    """What is written, else what stands in the manifest's defaults, else the schema's default."""
    return _ResolvedSettings(
        default_names=base.default_names,
        duration=_value_or_default(settings.duration, base.duration),
        resolution=_value_or_default(settings.resolution, base.resolution),
        takes=_value_or_default(settings.takes, base.takes),
        style=_value_or_default(settings.style, base.style),
        switches=override_switches(base.switches, settings.switches),
    )


def _value_or_default(value: T | None, default: T) -> T:
    return default if value is None else value


def camera_warnings(shots: tuple[Shot, ...]) -> Iterator[Problem]:
    """Warnings about brackets, one of a kind for each entry of the manifest, however many brackets and shots it has."""
    found: dict[tuple[int, Rule], dict[str, CameraRemark]] = {}
    first: dict[int, str] = {}
    for shot in shots:
        for remark in camera_remarks(shot.prompt) if "[" in shot.prompt else ():
            first.setdefault(shot.index, shot.id)
            found.setdefault((shot.index, remark.rule), {}).setdefault(remark.bracket, remark)
    for (index, rule), brackets in found.items():
        yield Problem(
            rule=rule,
            why=f'shot "{first[index]}": {describe_remarks(tuple(brackets.values()))}',
            path=("shots", index, "prompt"),
        )


def _fill_styles(styles: Mapping[str, Style], values: Mapping[str, str], problems: list[Problem]) -> dict[str, Style]:
    filled = {"none": Style()}
    for name, style in styles.items():
        filled[name] = Style()
        for end in ("prefix", "suffix"):
            try:
                words = fill_placeholders(getattr(style, end), values)
                filled[name] = replace(filled[name], **{end: words})  # type: ignore[arg-type]
            except InterpolationError as wrong:
                problems.append(wrong.to_problem(("styles", name, end)))
    return filled


def _count_shots(entry: ShotEntry) -> int:
    return prod(len(values) for values in entry.matrix.values())


def _unroll_matrix(entry: ShotEntry) -> Iterator[dict[str, str]]:
    if not entry.matrix:
        return iter(({},))
    rows = product(*(values.values() for values in entry.matrix.values()))
    return (dict(zip(entry.matrix, row, strict=True)) for row in rows)


def _resolve_defaults(defaults: Settings, styles: Mapping[str, Style], problems: list[Problem]) -> _ResolvedSettings:
    """The manifest's defaults; a style that is not there is said once, and not at every shot."""
    said = frozenset(name for name in Settings.__slots__ if getattr(defaults, name) is not None)
    base = replace(_resolve_settings(defaults), default_names=said)
    try:
        _find_style(base.style, styles)
    except InterpolationError as wrong:
        problems.append(wrong.to_problem(("defaults", "style")))
        return replace(base, style="none")
    return base


def _make_shot(
    entry: ShotEntry, values: Mapping[str, str], settings: _ResolvedSettings, styles: Mapping[str, Style]
) -> Shot:
    return Shot(
        id=_check_id(fill_placeholders(entry.id, values)),
        index=entry.index,
        prompt=_make_prompt(entry, values, _find_style(settings.style, styles)),
        frames=entry.frames if entry.frames is NO_FRAMES else _fill_frames(entry.frames, values),
        duration=settings.duration,
        resolution=settings.resolution,
        takes=settings.takes,
        tags=tuple(fill_placeholders(tag, values) for tag in entry.tags) if entry.tags else (),
        switches=settings.switches,
        notes=fill_placeholders(entry.notes, values) if entry.notes else "",
        duration_path=_setting_path("duration", entry, settings),
        resolution_path=_setting_path("resolution", entry, settings),
    )


def _setting_path(name: str, entry: ShotEntry, settings: _ResolvedSettings) -> DocumentPath:
    """Where the manifest says a setting of a shot: at the shot or under its defaults; the shot itself if nowhere."""
    if getattr(entry.settings, name) is not None:
        return "shots", entry.index, name
    return ("defaults", name) if name in settings.default_names else ("shots", entry.index)


def _make_prompt(entry: ShotEntry, values: Mapping[str, str], style: Style) -> str:
    return normalize_commands((style.prefix + fill_placeholders(entry.prompt, values).strip() + style.suffix).strip())


def _diagnose_shot(
    entry: ShotEntry,
    values: Mapping[str, str],
    settings: _ResolvedSettings,
    styles: Mapping[str, Style],
    problems: dict[Problem, None],
    ids: set[str],
    suggestions: Suggestions,
) -> None:
    """Everything that is wrong with one shot, part by part; its id counts as written all the same."""
    parts: dict[DocumentPath, Callable[[], object]] = {
        ("id",): lambda: ids.add(_check_id(fill_placeholders(entry.id, values))),
        ("style",): lambda: _find_style(settings.style, styles),
        ("prompt",): lambda: fill_placeholders(entry.prompt, values),
        ("frames", "first"): lambda: entry.frames.first and _fill_frame(entry.frames.first, values),
        ("frames", "last"): lambda: entry.frames.last and _fill_frame(entry.frames.last, values),
        ("notes",): lambda: fill_placeholders(entry.notes, values),
        **{("tags", place): partial(fill_placeholders, tag, values) for place, tag in enumerate(entry.tags)},
    }
    for path, make in parts.items():
        try:
            make()
        except InterpolationError as error:
            problems[error.to_problem(("shots", entry.index, *path), suggestions.suggest)] = None


def _check_id(shot_id: str) -> str:
    if _ID.match(shot_id):
        return shot_id
    if len(shot_id) > 64:
        why = f"{quote_text(shot_id)} has {len(shot_id)} characters; an id is part of a file name, and may have 64."
        raise InterpolationError(rules.SHOT_ID, why, "Make it shorter.")
    why = f"{quote_text(shot_id)} is to be part of a file name."
    remedy = "Use letters, digits, dot, dash and underscore, and begin with a letter or digit."
    raise InterpolationError(rules.SHOT_ID, why, remedy)


def _find_style(name: str, styles: Mapping[str, Style]) -> Style:
    if name in styles:
        return styles[name]
    why = f"{quote_text(name)} is not under styles."
    raise InterpolationError(rules.STYLE_UNKNOWN, why, "Add it under styles, or delete it.", word=name, known=styles)


def _fill_frames(frames: Frames, values: Mapping[str, str]) -> Frames:
    return Frames(
        first=None if frames.first is None else _fill_frame(frames.first, values),
        last=None if frames.last is None else _fill_frame(frames.last, values),
    )


def _fill_frame(frame: Frame, values: Mapping[str, str]) -> Frame:
    match frame:
        case FileFrame(path=path):
            filled = fill_placeholders(path, values)
            return UrlFrame(url=filled) if "://" in filled else FileFrame(path=filled)
        case UrlFrame(url=url):
            return replace(frame, url=fill_placeholders(url, values))
        case ShotFrame(shot=shot):
            return replace(frame, shot=fill_placeholders(shot, values))


def _id_clashes(shots: list[Shot]) -> Iterator[Problem]:
    """Ids that are the same, or would name the same file where letters' case does not count."""
    first_with: dict[str, Shot] = {}
    reported = set()
    for shot in shots:
        other = first_with.setdefault(shot.id.casefold(), shot)
        if other is not shot and (shot.index, other.index) not in reported:
            reported.add((shot.index, other.index))
            yield _clash_problem(shot, other)


def _clash_problem(shot: Shot, other: Shot) -> Problem:
    remedy = "Rename one of them."
    if other.id != shot.id:
        why = f'"{shot.id}" and "{other.id}" differ only in case and would name one file on macOS and Windows.'
    elif other.index == shot.index:
        why = f'the matrix makes "{shot.id}" more than once.'
        remedy = "Put every name of the matrix into the id, as in pack-${colour}, and no value twice."
    else:
        why = f'"{shot.id}" is also the id of shot {other.index + 1} of the list.'
    return Problem(rule=rules.SHOT_TWICE, why=why, remedy=remedy, path=("shots", shot.index, "id"))
